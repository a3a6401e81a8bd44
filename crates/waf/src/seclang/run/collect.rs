//! Values of the variables that change between phases only, collected when their phase begins.

use super::super::body::{self, Parsed};
use super::super::variable::Variable;
use super::check::decimal;
use super::{Interruption, Request, Response, Transaction, Value};
use crate::seclang::action::{Disruptive, EngineMode};

impl Transaction<'_> {
    fn put(&mut self, variable: Variable, key: &[u8], text: &[u8]) {
        let value = Value { key: self.run.add(key), text: self.run.add(text) };
        self.fixed[variable as usize].push(value);
    }

    fn single(&mut self, variable: Variable, text: &[u8]) {
        self.fixed[variable as usize].clear();
        self.put(variable, b"", text);
    }

    /// What is known before phase 1.
    pub(super) fn begin(&mut self, request: &Request<'_>) {
        self.names_of_single();
        self.facts_of();
        let uri = memchr::memchr(b'#', request.uri).map_or(request.uri, |at| &request.uri[..at]);
        let (path, query) = memchr::memchr(b'?', uri).map_or((uri, &b""[..]), |at| (&uri[..at], &uri[at + 1..]));
        let filename = body::decode_path(path);
        let base =
            memchr::memrchr2(b'/', b'\\', &filename).filter(|at| filename.len() > at + 1).map_or(&filename[..], |at| &filename[at + 1..]);
        self.single(Variable::RequestMethod, request.method);
        self.single(Variable::RequestProtocol, request.version);
        self.single(Variable::RequestLine, &[request.method, request.uri, request.version].join(&b' '));
        self.single(Variable::RequestUriRaw, request.uri);
        self.single(Variable::RequestUri, uri);
        self.single(Variable::RequestFilename, &filename);
        self.single(Variable::RequestBasename, base);
        self.single(Variable::QueryString, query);
        for (name, value) in request.headers {
            self.header(name, value);
        }
        let separator = self.program.settings.separator;
        for (name, value) in body::arguments(query, separator) {
            self.put(Variable::ArgsGet, &name, &value);
            self.put(Variable::ArgsGetNames, &name, &name);
        }
        self.join_arguments();
        let head = self.fixed[Variable::RequestLine as usize].first().map_or(0, |line| self.run.bytes(line.text).len());
        let headers: usize = request.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        self.single(Variable::FullRequestLength, (head + headers + 4 + request.body.len()).to_string().as_bytes());
    }

    /// Variables of one value have it from the start, even when it is empty.
    fn names_of_single(&mut self) {
        const EMPTY: &[Variable] = &[
            Variable::AuthType,
            Variable::PathInfo,
            Variable::RemoteUser,
            Variable::ReqbodyErrorMsg,
            Variable::ReqbodyProcessorErrorMsg,
            Variable::RequestBody,
            Variable::ResponseBody,
            Variable::ResponseContentType,
            Variable::ResponseProtocol,
            Variable::ResponseStatus,
            Variable::SessionId,
            Variable::StatusLine,
            Variable::UserId,
            Variable::FullRequest,
            Variable::ServerName,
        ];
        const ZERO: &[Variable] = &[
            Variable::FilesCombinedSize,
            Variable::InboundDataError,
            Variable::OutboundDataError,
            Variable::MultipartBoundaryQuoted,
            Variable::MultipartBoundaryWhitespace,
            Variable::MultipartCrlfLfLines,
            Variable::MultipartDataAfter,
            Variable::MultipartDataBefore,
            Variable::MultipartFileLimitExceeded,
            Variable::MultipartHeaderFolding,
            Variable::MultipartInvalidHeaderFolding,
            Variable::MultipartInvalidPart,
            Variable::MultipartInvalidQuoting,
            Variable::MultipartLfLine,
            Variable::MultipartMissingSemicolon,
            Variable::MultipartStrictError,
            Variable::MultipartUnmatchedBoundary,
            Variable::ReqbodyError,
            Variable::ReqbodyProcessorError,
            Variable::RequestBodyLength,
            Variable::ResponseContentLength,
            Variable::UrlencodedError,
        ];
        let (empty, zero) = (self.run.add(b""), self.run.add(b"0"));
        for (variables, text) in [(EMPTY, empty), (ZERO, zero)] {
            for variable in variables {
                self.fixed[*variable as usize].clear();
                self.fixed[*variable as usize].push(Value { key: empty, text });
            }
        }
        self.single(Variable::WebappId, self.program.settings.webapp.as_bytes());
    }

    fn facts_of(&mut self) {
        let facts = std::mem::take(&mut self.facts);
        for (variable, text) in [
            (Variable::RemoteAddr, &facts.remote_addr),
            (Variable::RemoteHost, &facts.remote_addr),
            (Variable::ServerAddr, &facts.server_addr),
            (Variable::UniqueId, &facts.unique_id),
        ] {
            self.single(variable, text.as_bytes());
        }
        let second = facts.epoch.rem_euclid(86_400) as u64;
        let days = facts.epoch.div_euclid(86_400);
        let (year, month, day) = civil(days);
        let two = |number: u64| [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        let [hour, minute, second] = [second / 3600, second / 60 % 60, second % 60];
        self.single(Variable::Time, &[two(hour), two(minute), two(second)].join(&b':'));
        let sign: &[u8] = if facts.epoch < 0 { b"-" } else { b"" };
        self.single(Variable::TimeEpoch, &[sign, decimal(facts.epoch.unsigned_abs(), &mut [0; 20])].concat());
        for (variable, value) in [
            (Variable::RemotePort, u64::from(facts.remote_port)),
            (Variable::ServerPort, u64::from(facts.server_port)),
            (Variable::Duration, facts.duration),
            (Variable::TimeHour, hour),
            (Variable::TimeMin, minute),
            (Variable::TimeSec, second),
            (Variable::TimeDay, day as u64),
            (Variable::TimeMon, month as u64 - 1),
            (Variable::TimeYear, year.max(0) as u64),
            (Variable::TimeWday, (days + 4).rem_euclid(7) as u64),
        ] {
            self.single(variable, decimal(value, &mut [0; 20]));
        }
        self.facts = facts;
    }

    fn header(&mut self, name: &[u8], value: &[u8]) {
        self.put(Variable::RequestHeaders, name, value);
        self.put(Variable::RequestHeadersNames, name, name);
        if name.eq_ignore_ascii_case(b"cookie") {
            for pair in value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii) {
                let cut = memchr::memchr(b'=', pair).unwrap_or(pair.len());
                let name = pair[..cut].trim_ascii();
                if !name.is_empty() {
                    self.put(Variable::RequestCookies, name, pair.get(cut + 1..).unwrap_or_default());
                    self.put(Variable::RequestCookiesNames, name, name);
                }
            }
        } else if name.eq_ignore_ascii_case(b"content-type") {
            let lower = value.to_ascii_lowercase();
            if lower.starts_with(b"application/x-www-form-urlencoded") {
                "URLENCODED".clone_into(&mut self.processor);
            } else if lower.starts_with(b"multipart/form-data") {
                "MULTIPART".clone_into(&mut self.processor);
            }
        } else if name.eq_ignore_ascii_case(b"host") {
            let host = memchr::memchr(b':', value).map_or(value, |at| &value[..at]);
            self.single(Variable::ServerName, host);
        } else if name.eq_ignore_ascii_case(b"authorization") {
            let kind = value.split(|byte| *byte == b' ').next().unwrap_or_default();
            self.single(Variable::AuthType, kind);
        }
    }

    /// `ARGS` is the query's arguments and the body's.
    fn join_arguments(&mut self) {
        for (all, parts) in [
            (Variable::Args, [Variable::ArgsGet, Variable::ArgsPost]),
            (Variable::ArgsNames, [Variable::ArgsGetNames, Variable::ArgsPostNames]),
        ] {
            let joined = parts.iter().flat_map(|part| self.fixed[*part as usize].iter().copied()).collect();
            self.fixed[all as usize] = joined;
        }
        let values = &self.fixed[Variable::Args as usize];
        let size: usize = values.iter().map(|value| self.run.bytes(value.key).len() + self.run.bytes(value.text).len()).sum();
        self.single(Variable::ArgsCombinedSize, size.to_string().as_bytes());
    }

    /// The body, when phase 2 begins.
    pub(super) fn take_body(&mut self, body: &[u8]) {
        if !self.request_body || body.is_empty() {
            return;
        }
        let settings = &self.program.settings;
        let body = if body.len() > settings.request_limit {
            self.single(Variable::InboundDataError, b"1");
            if settings.request_reject && self.mode == EngineMode::On {
                // What is not inspected is not let pass; no rule says so, the limit does.
                self.interruption = Some(Interruption { rule: 0, phase: 2, status: 413, action: Disruptive::Deny });
                return;
            }
            &body[..settings.request_limit]
        } else {
            body
        };
        if self.processor.is_empty() && self.force_body {
            "URLENCODED".clone_into(&mut self.processor);
        }
        let content_type = self.header_value(b"content-type");
        let Some(parsed) = body::process(&self.processor, &content_type, body, settings.separator, settings.json_depth) else {
            return;
        };
        if matches!(self.processor.as_str(), "URLENCODED" | "RAW") {
            self.single(Variable::RequestBody, body);
        }
        self.single(Variable::RequestBodyLength, body.len().to_string().as_bytes());
        self.take_parsed(parsed);
    }

    fn header_value(&self, name: &[u8]) -> Vec<u8> {
        let headers = &self.fixed[Variable::RequestHeaders as usize];
        let found = headers.iter().find(|value| self.run.bytes(value.key).eq_ignore_ascii_case(name));
        found.map(|value| self.run.bytes(value.text).to_vec()).unwrap_or_default()
    }

    fn take_parsed(&mut self, parsed: Parsed) {
        for (name, value) in &parsed.arguments {
            self.put(Variable::ArgsPost, name, value);
            self.put(Variable::ArgsPostNames, name, name);
        }
        let mut size = 0;
        for file in &parsed.files {
            self.put(Variable::Files, &file.name, &file.filename);
            self.put(Variable::MultipartFilename, &file.name, &file.filename);
            self.put(Variable::FilesNames, &file.name, &file.name);
            self.put(Variable::MultipartName, &file.name, &file.name);
            self.put(Variable::FilesSizes, &file.name, file.content.len().to_string().as_bytes());
            self.put(Variable::FilesTmpContent, &file.name, &file.content);
            size += file.content.len();
        }
        self.single(Variable::FilesCombinedSize, size.to_string().as_bytes());
        for (name, line) in &parsed.part_headers {
            self.put(Variable::MultipartPartHeaders, name, line);
        }
        for value in &parsed.attributes {
            self.put(Variable::Xml, b"//@*", value);
        }
        for value in &parsed.texts {
            self.put(Variable::Xml, b"/*", value);
        }
        for variable in parsed.irregular {
            self.single(variable, b"1");
        }
        if let Some(error) = parsed.error {
            self.single(Variable::ReqbodyError, b"1");
            self.single(Variable::ReqbodyErrorMsg, error.as_bytes());
            self.single(Variable::ReqbodyProcessorError, b"1");
            self.single(Variable::ReqbodyProcessorErrorMsg, error.as_bytes());
        }
        self.join_arguments();
    }

    /// What is known before phase 3.
    pub(super) fn begin_response(&mut self, response: &Response<'_>) {
        let status = response.status.to_string();
        self.single(Variable::ResponseStatus, status.as_bytes());
        self.single(Variable::ResponseProtocol, response.version);
        self.single(Variable::StatusLine, &[response.version, status.as_bytes()].join(&b' '));
        for (name, value) in response.headers {
            self.put(Variable::ResponseHeaders, name, value);
            self.put(Variable::ResponseHeadersNames, name, name);
            if name.eq_ignore_ascii_case(b"content-type") {
                let kind = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
                self.single(Variable::ResponseContentType, kind);
            }
        }
    }

    /// The response's body, when phase 4 begins.
    pub(super) fn take_response_body(&mut self, body: &[u8]) {
        let settings = &self.program.settings;
        let kind = self.fixed[Variable::ResponseContentType as usize].first().map(|value| self.run.bytes(value.text).to_ascii_lowercase());
        let listed = kind.is_some_and(|kind| settings.response_types.iter().any(|known| known.as_bytes() == kind));
        if !self.response_body || !listed {
            return;
        }
        let body = if body.len() > settings.response_limit {
            self.single(Variable::OutboundDataError, b"1");
            if settings.response_reject && self.mode == EngineMode::On {
                self.interruption = Some(Interruption { rule: 0, phase: 4, status: 500, action: Disruptive::Deny });
                return;
            }
            &body[..settings.response_limit]
        } else {
            body
        };
        self.single(Variable::ResponseContentLength, body.len().to_string().as_bytes());
        self.single(Variable::ResponseBody, body);
    }
}

/// Year, month and day of a day since 1970, after Howard Hinnant's `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}
