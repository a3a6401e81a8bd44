//! Work that recurses on its input gets a stack of its own, so that the input cannot end the process. A thread for that only:
//! nothing runs at the same time.

/// Runs `work` with so many bytes of stack; `None` when no such thread could be had or the work panicked.
pub(crate) fn with<T: Send>(bytes: usize, work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(bytes).spawn_scoped(scope, work);
        thread.ok().and_then(|thread| thread.join().ok())
    })
}
