//! One execution environment: its process, its Runtime API, its log, from init to its end.
//!
//! A task of its own owns the process and serves one request at a time. The process is killed with everything it
//! started when the task ends, for whatever reason.

use super::api::{Api, Event};
use super::output::Output;
use super::{Caller, Inner, Installed, InvokeError, Request, network, now, process};
use model::Time;
use model::aws::Function;
use rand::RngCore;
use sandbox::{Ended, Layer, Sandboxed};
use services::lambda::{self as lambda, Credentials, Ending, Environment, Invocation, News, Outcome, Report, Status};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::unix::AsyncFd;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

/// The init phase may take this long (AWS Lambda Developer Guide, "Init phase"); after that the function's own time
/// limit counts.
const INIT: Duration = Duration::from_secs(10);
/// Role sessions last twelve hours; an environment ends before its credentials do.
const LONGEST_LIFE: Duration = Duration::from_secs(6 * 3600);
/// How often memory is looked at where no cgroup limits it.
const WATCH: Duration = Duration::from_millis(100);

/// A request and where its outcome goes.
#[derive(Debug)]
pub(super) struct Job {
    pub request: Request,
    pub answer: oneshot::Sender<Outcome>,
}

/// An environment as its task sees it.
pub(super) struct Worker {
    inner: Arc<Inner>,
    function: Function,
    stream: String,
    process: Arc<Sandboxed>,
    exit: AsyncFd<OwnedFd>,
    api: Arc<Api>,
    events: mpsc::Receiver<Event>,
    output: [Output; 2],
    born: Instant,
    /// Set when memory is limited by looking and not by the kernel.
    watched: bool,
    over_memory: bool,
    _tasks: JoinSet<()>,
    stop: watch::Receiver<bool>,
    _alive: mpsc::Sender<()>,
}

/// Where the worker is after waiting.
enum Next {
    Event(Event),
    Ended,
    Deadline,
    Printed(usize),
    Watch,
    Stop,
}

/// How a request went.
struct Went {
    outcome: Outcome,
    status: Option<(bool, String)>,
    usable: bool,
}

impl Worker {
    /// Starts the process and its task. Returns when the process runs; its code is not loaded yet.
    pub(super) async fn start(
        inner: &Arc<Inner>,
        function: &Function,
        installed: &Installed,
        credentials: &Credentials,
    ) -> Result<mpsc::Sender<Job>, InvokeError> {
        let alive = inner.pool.token()?;
        let mut random = [0u8; 16];
        rand::thread_rng().fill_bytes(&mut random);
        let stream = lambda::stream_name(now(), random);
        let environment = Environment { function, region: &inner.config.region, credentials, log_stream: &stream };
        let spec = process::spec(&inner.config, installed, &environment)?;
        let born = Instant::now();
        let mut process = tokio::task::spawn_blocking(move || sandbox::spawn(&spec)).await.map_err(|_| InvokeError::Stopping)??;
        for refused in &process.refused {
            inner.told.tell(&*inner.log, refused.to_string());
        }
        let watched = process.refused.iter().any(|refused| refused.layer == Layer::Memory);
        let failed = |error: std::io::Error| InvokeError::Sandbox(error.into());
        let caller = Caller { function: function.id.clone(), address: inner.outside.address(function), environment: stream.clone() };
        let mut tasks = JoinSet::new();
        let mut tcp = std::mem::take(&mut process.tcp).into_iter();
        let runtime = tcp.next().ok_or_else(|| failed(std::io::Error::other("the sandbox gave no listener")))?;
        network::serve(&mut tasks, tcp.collect(), std::mem::take(&mut process.udp), &inner.outside, &caller).map_err(failed)?;
        let (sender, events) = mpsc::channel(16);
        let api = Api::serve(TcpListener::from_std(runtime).map_err(failed)?, sender, &mut tasks);
        let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
        let (Some(stdout), Some(stderr)) = (stdout, stderr) else {
            return Err(failed(std::io::Error::other("the sandbox gave no output")));
        };
        let output = [Output::new(stdout).map_err(failed)?, Output::new(stderr).map_err(failed)?];
        let exit = process.pidfd().try_clone_to_owned().and_then(watch_end).map_err(failed)?;
        let worker = Self {
            inner: Arc::clone(inner),
            function: function.clone(),
            stream,
            process: Arc::new(process),
            exit,
            api,
            events,
            output,
            born,
            watched,
            over_memory: false,
            stop: inner.pool.stopping(),
            _tasks: tasks,
            _alive: alive,
        };
        let (jobs, inbox) = mpsc::channel(1);
        tokio::spawn(worker.live(inbox));
        Ok(jobs)
    }

    /// The environment's life.
    async fn live(mut self, mut jobs: mpsc::Receiver<Job>) {
        self.say(&lambda::init_start(&self.function.runtime, self.inner.config.interpreters.version(&self.function.runtime)));
        if let Some(first) = jobs.recv().await {
            let mut usable = match self.init(&first.request.id).await {
                Ok(init) => self.serve(first, Some(init)).await,
                Err(went) => {
                    self.say(&lambda::start(&first.request.id));
                    self.close(&first.request.id, Duration::ZERO, None, &went);
                    let _ = first.answer.send(went.outcome);
                    false
                }
            };
            while usable && self.born.elapsed() < LONGEST_LIFE {
                let Some(job) = self.idle(&mut jobs).await else { break };
                usable = self.serve(job, None).await;
            }
        }
        self.bury().await;
    }

    /// Kills what is left, off the async threads: the kernel takes its time to end a large process.
    async fn bury(self) {
        let Self { process, _alive, _tasks, .. } = self;
        drop(_tasks);
        let _ = tokio::task::spawn_blocking(move || drop(process)).await;
    }

    /// Waits until the function's code is loaded. Gives how long that took; or how it failed.
    async fn init(&mut self, id: &str) -> Result<Duration, Went> {
        let mut deadline = self.born + INIT;
        let mut extended = false;
        loop {
            match self.next(deadline).await {
                Next::Event(Event::Asks) => {
                    self.read_all();
                    return Ok(self.born.elapsed());
                }
                Next::Event(Event::News(News::InitFailed(payload))) => {
                    let kind = error_type(&payload);
                    self.read_all();
                    self.init_report(&format!("error\tError Type: {kind}"));
                    return Err(Went { outcome: Outcome::FunctionError(payload), status: Some((false, kind)), usable: false });
                }
                Next::Event(Event::News(_)) | Next::Watch | Next::Stop => {}
                Next::Printed(which) => self.read(which),
                Next::Ended => {
                    let ending = self.ending();
                    self.read_all();
                    self.init_report(&format!("error\tError Type: {}", ending.error_type()));
                    return Err(Went {
                        outcome: lambda::crashed(id, ending),
                        status: Some((false, ending.error_type().to_owned())),
                        usable: false,
                    });
                }
                Next::Deadline if extended => {
                    self.read_all();
                    return Err(Went {
                        outcome: lambda::timed_out(id, self.function.timeout),
                        status: Some((true, String::new())),
                        usable: false,
                    });
                }
                Next::Deadline => {
                    self.init_report("timeout");
                    deadline = Instant::now() + self.limit();
                    extended = true;
                }
            }
        }
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(u64::from(self.function.timeout))
    }

    fn init_report(&self, status: &str) {
        let micros = self.born.elapsed().as_micros();
        self.say(&format!("INIT_REPORT Init Duration: {}.{:02} ms\tPhase: init\tStatus: {status}", micros / 1000, micros % 1000 / 10));
    }

    /// Serves one request. Says whether the environment can serve another.
    async fn serve(&mut self, job: Job, init: Option<Duration>) -> bool {
        let Job { request, answer } = job;
        let began = Instant::now();
        let invocation = Invocation {
            request_id: request.id.clone(),
            payload: request.payload,
            deadline: Time(now().0 + i64::from(self.function.timeout) * 1000),
            function_arn: self.function.arn.clone(),
            trace_id: request.trace_id,
        };
        self.say(&lambda::start(&request.id));
        let went = if self.api.give(&invocation) {
            self.answered(&request.id, began).await
        } else {
            Went {
                outcome: lambda::crashed(&request.id, Ending::Exit(0)),
                status: Some((false, "Runtime.ExitError".into())),
                usable: false,
            }
        };
        let duration = began.elapsed();
        self.read_all();
        // The answer first: the caller need not wait for the last log lines.
        let outcome = went.outcome.clone();
        let _ = answer.send(outcome);
        self.close(&request.id, duration, init, &went);
        went.usable
    }

    /// Waits for the answer to the current request.
    async fn answered(&mut self, id: &str, began: Instant) -> Went {
        let deadline = began + self.limit();
        loop {
            match self.next(deadline).await {
                Next::Event(Event::News(News::Answered(payload))) => {
                    return Went { outcome: Outcome::Success(payload), status: None, usable: true };
                }
                // The REPORT line names crashes and time-outs only. The process may be about to exit (an uncaught
                // exception): the wait for the next request finds out.
                Next::Event(Event::News(News::Failed(payload))) => {
                    return Went { outcome: Outcome::FunctionError(payload), status: None, usable: true };
                }
                Next::Event(Event::News(News::TooLarge(size))) => {
                    let kind = "Function.ResponseSizeTooLarge".to_owned();
                    return Went { outcome: lambda::response_too_large(size), status: Some((false, kind)), usable: true };
                }
                Next::Event(Event::Asks | Event::News(News::InitFailed(_))) | Next::Watch | Next::Stop => {}
                Next::Printed(which) => self.read(which),
                Next::Ended => {
                    let ending = self.ending();
                    return Went {
                        outcome: lambda::crashed(id, ending),
                        status: Some((false, ending.error_type().to_owned())),
                        usable: false,
                    };
                }
                Next::Deadline => {
                    let outcome = lambda::timed_out(id, self.function.timeout);
                    self.process.kill();
                    return Went { outcome, status: Some((true, String::new())), usable: false };
                }
            }
        }
    }

    /// Between two requests: waits for the next one, reading along. `None` when the environment is to end.
    async fn idle(&mut self, jobs: &mut mpsc::Receiver<Job>) -> Option<Job> {
        let deadline = Instant::now() + self.inner.config.idle;
        // The runtime may still be on its way back to `next`.
        let mut asked = self.api.waiting();
        let mut job = None;
        loop {
            if asked && job.is_some() {
                return job;
            }
            tokio::select! {
                biased;
                next = jobs.recv(), if job.is_none() => match next {
                    Some(next) => { job = Some(next); asked = asked || self.api.waiting(); }
                    None => return None,
                },
                next = self.next(deadline) => match next {
                    Next::Event(Event::Asks) => asked = true,
                    Next::Printed(which) => self.read(which),
                    Next::Event(_) | Next::Watch | Next::Stop => {}
                    // A job that came at the same moment is answered by a new environment.
                    Next::Ended | Next::Deadline => return None,
                },
            }
        }
    }

    /// Waits for whatever comes first; what the runtime reported before it ended comes before its end.
    async fn next(&mut self, deadline: Instant) -> Next {
        let [stdout, stderr] = &self.output;
        let (process, watched, limit) = (&self.process, self.watched, u64::from(self.function.memory) << 20);
        let next = tokio::select! {
            biased;
            _ = self.stop.wait_for(|stop| *stop) => Next::Stop,
            Some(event) = self.events.recv() => Next::Event(event),
            _ = self.exit.readable() => Next::Ended,
            () = tokio::time::sleep_until(deadline.into()) => Next::Deadline,
            () = stdout.readable() => Next::Printed(0),
            () = stderr.readable() => Next::Printed(1),
            () = tokio::time::sleep(WATCH), if watched => Next::Watch,
        };
        if matches!(next, Next::Stop) {
            self.process.kill();
            return Next::Ended;
        }
        if matches!(next, Next::Watch) && process.memory() > limit {
            self.over_memory = true;
            self.process.kill();
        }
        next
    }

    fn ending(&self) -> Ending {
        if self.over_memory || self.process.out_of_memory() {
            return Ending::OutOfMemory;
        }
        match self.process.wait() {
            Ended::Exited(status) => Ending::Exit(status),
            Ended::Killed(signal) => Ending::Signal(signal),
        }
    }

    fn say(&self, message: &str) {
        self.inner.log.line(&self.function, &self.stream, now(), message);
    }

    /// One turn of reading, so that a function that never stops printing cannot hold its task.
    fn read(&mut self, which: usize) {
        let (log, function, stream) = (&self.inner.log, &self.function, &self.stream);
        let Some(output) = self.output.get_mut(which) else { return };
        output.read(4, |line| log.line(function, stream, now(), line));
        if output.overflowed() {
            let id = &function.id;
            log.notice(format!(
                "function {id} prints more than is kept (256 KiB of a line, 1 MiB of each stream of a request); the rest is dropped"
            ));
        }
    }

    /// Everything printed until now. Bounded: a pipe holds 64 KiB, and another process may go on printing.
    fn read_all(&mut self) {
        for which in 0..self.output.len() {
            self.read(which);
        }
    }

    /// The last lines of a request.
    fn close(&mut self, id: &str, duration: Duration, init: Option<Duration>, went: &Went) {
        self.read_all();
        let (log, function, stream) = (&self.inner.log, &self.function, &self.stream);
        for output in &mut self.output {
            output.settle(|line| log.line(function, stream, now(), line));
        }
        let status = match &went.status {
            None => Status::Success,
            Some((true, _)) => Status::Timeout,
            Some((false, kind)) => Status::Error(kind),
        };
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let report = Report {
            request_id: id,
            duration: micros(duration),
            memory: self.function.memory,
            memory_used: self.process.memory(),
            init: init.map(micros),
            status,
        };
        self.say(&lambda::end(id));
        self.say(&lambda::report(&report));
    }
}

/// A process descriptor as something to wait for.
#[expect(deprecated, reason = "the replacement is unsafe, for descriptors that may change; an OwnedFd never does")]
fn watch_end(pidfd: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::new(pidfd)
}

/// `errorType` of an error payload.
fn error_type(payload: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(payload).unwrap_or_default();
    let text = value.get("errorType").and_then(|kind| kind.as_str()).unwrap_or("Runtime.Unknown");
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
