//! An application's normal traffic, as its authors wrote it in `traffic.http` (the format of the REST Client
//! extension of Visual Studio Code, with `# @expect STATUS`).

use model::{HttpRequest, Place, Trouble};

/// One request of the normal traffic, with its variables still in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Line of its method, from 1.
    pub line: u32,
    /// What it is, from the `###` line.
    pub title: String,
    /// `# @name`: its JSON answer is known to later requests by this name.
    pub name: Option<String>,
    /// `# @expect`: the status that a protected application answers with.
    pub expect: Option<u16>,
    /// The request; `path` is the path after the stage.
    pub request: HttpRequest,
}

/// Reads a traffic file. What is not understood is a trouble; the rest is read.
pub fn parse(file: &str, text: &str) -> (Vec<Request>, Vec<Trouble>) {
    let (mut requests, mut troubles) = (Vec::new(), Vec::new());
    let mut reader = Reader { file, current: None, in_body: false, troubles: &mut troubles };
    for (index, line) in text.lines().enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        if let Some(title) = line.strip_prefix("###") {
            requests.extend(reader.finish());
            reader.current = Some(Request { title: title.trim().to_owned(), ..Request::default() });
            reader.in_body = false;
        } else {
            reader.line(number, line);
        }
    }
    requests.extend(reader.finish());
    (requests, troubles)
}

struct Reader<'a> {
    file: &'a str,
    current: Option<Request>,
    in_body: bool,
    troubles: &'a mut Vec<Trouble>,
}

impl Reader<'_> {
    fn line(&mut self, number: u32, line: &str) {
        let Some(current) = &mut self.current else { return };
        let started = !current.request.method.is_empty();
        if self.in_body {
            current.request.body.extend_from_slice(line.as_bytes());
            current.request.body.push(b'\n');
        } else if line.trim().is_empty() {
            self.in_body = started;
        } else if let Some(comment) = line.strip_prefix('#').or_else(|| line.strip_prefix("//")) {
            self.note(number, comment.trim());
        } else if started {
            match line.split_once(':') {
                Some((name, value)) => current.request.headers.push((name.trim().to_owned(), value.trim().to_owned())),
                None => self.trouble(number, format!("`{line}` is no header"), "write `Name: value`, or an empty line before the body"),
            }
        } else {
            match line.split_once(' ') {
                Some((method, target)) if target.starts_with('/') => {
                    let target = target.trim().trim_end_matches(" HTTP/1.1");
                    let (path, query) = target.split_once('?').unwrap_or((target, ""));
                    current.line = number;
                    current.request.method = method.to_owned();
                    current.request.path = path.to_owned();
                    current.request.query = query.to_owned();
                }
                _ => self.trouble(number, format!("`{line}` is no request line"), "write `METHOD /path`, the path after the stage"),
            }
        }
    }

    fn note(&mut self, number: u32, comment: &str) {
        let Some(current) = &mut self.current else { return };
        let Some(rest) = comment.strip_prefix('@') else { return };
        match rest.split_once(' ') {
            Some(("name", name)) => current.name = Some(name.trim().to_owned()),
            Some(("expect", status)) => match status.trim().parse() {
                Ok(status) => current.expect = Some(status),
                Err(_) => self.trouble(number, format!("`{status}` is no status code"), "write `# @expect 200`"),
            },
            _ => self.trouble(number, format!("`@{rest}` is not known"), "use `# @name NAME` or `# @expect STATUS`"),
        }
    }

    fn trouble(&mut self, line: u32, says: String, help: &str) {
        self.troubles.push(Trouble { says, place: Place::new(self.file, line, 1), help: help.into() });
    }

    fn finish(&mut self) -> Option<Request> {
        let mut request = self.current.take().filter(|request| !request.request.method.is_empty())?;
        while request.request.body.last().is_some_and(u8::is_ascii_whitespace) {
            request.request.body.pop();
        }
        Some(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_requests() {
        let (requests, troubles) =
            parse("t.http", "# file comment\n### One\n# @name a\n# @expect 201\nPOST /x?y=1\nA: b\n\n{\"k\": 1}\n\n### Two\nGET /z\n");
        assert!(troubles.is_empty());
        assert_eq!(requests.len(), 2);
        assert_eq!((requests[0].name.as_deref(), requests[0].expect, requests[0].line), (Some("a"), Some(201), 5));
        assert_eq!((requests[0].request.path.as_str(), requests[0].request.query.as_str()), ("/x", "y=1"));
        assert_eq!(requests[0].request.body, b"{\"k\": 1}");
        assert_eq!(requests[1].request.headers, []);
    }

    #[test]
    fn says_what_it_does_not_understand() {
        let (requests, troubles) = parse("t.http", "###\n# @expct 2\nGET nowhere\n###\nGET /a\nno header\n");
        assert_eq!(requests.len(), 1);
        assert_eq!(troubles.iter().map(|t| t.place.line).collect::<Vec<_>>(), [2, 3, 6]);
    }
}
