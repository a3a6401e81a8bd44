//! Variables and the targets of rules: `ARGS|!ARGS:foo|&REQUEST_HEADERS:Host|REQUEST_COOKIES:/regex/`.

use super::lex::Word;
use super::place::Problem;
use crate::engine::rx::{Flags, Rx};
use std::sync::Arc;

macro_rules! variables {
    ($($(#[$doc:meta])* $name:ident $text:literal,)*) => {
        /// The variables of SecLang that this engine has; any other name is an error.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[expect(missing_docs, reason = "each is SecLang's own name")]
        pub enum Variable { $($name,)* }

        impl Variable {
            /// How many there are.
            pub const COUNT: usize = [$($text),*].len();

            /// The variable of this name, in any case.
            pub fn named(name: &str) -> Option<Self> {
                $(if name.eq_ignore_ascii_case($text) { return Some(Self::$name); })*
                None
            }

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

variables! {
    Args "ARGS",
    ArgsCombinedSize "ARGS_COMBINED_SIZE",
    ArgsGet "ARGS_GET",
    ArgsGetNames "ARGS_GET_NAMES",
    ArgsNames "ARGS_NAMES",
    ArgsPost "ARGS_POST",
    ArgsPostNames "ARGS_POST_NAMES",
    AuthType "AUTH_TYPE",
    Duration "DURATION",
    Env "ENV",
    Files "FILES",
    FilesCombinedSize "FILES_COMBINED_SIZE",
    FilesNames "FILES_NAMES",
    FilesSizes "FILES_SIZES",
    FilesTmpContent "FILES_TMP_CONTENT",
    FilesTmpNames "FILES_TMPNAMES",
    FullRequest "FULL_REQUEST",
    FullRequestLength "FULL_REQUEST_LENGTH",
    Geo "GEO",
    Global "GLOBAL",
    HighestSeverity "HIGHEST_SEVERITY",
    InboundDataError "INBOUND_DATA_ERROR",
    Ip "IP",
    MatchedVar "MATCHED_VAR",
    MatchedVarName "MATCHED_VAR_NAME",
    MatchedVars "MATCHED_VARS",
    MatchedVarsNames "MATCHED_VARS_NAMES",
    MultipartBoundaryQuoted "MULTIPART_BOUNDARY_QUOTED",
    MultipartBoundaryWhitespace "MULTIPART_BOUNDARY_WHITESPACE",
    MultipartCrlfLfLines "MULTIPART_CRLF_LF_LINES",
    MultipartDataAfter "MULTIPART_DATA_AFTER",
    MultipartDataBefore "MULTIPART_DATA_BEFORE",
    MultipartFileLimitExceeded "MULTIPART_FILE_LIMIT_EXCEEDED",
    MultipartFilename "MULTIPART_FILENAME",
    MultipartHeaderFolding "MULTIPART_HEADER_FOLDING",
    MultipartInvalidHeaderFolding "MULTIPART_INVALID_HEADER_FOLDING",
    MultipartInvalidPart "MULTIPART_INVALID_PART",
    MultipartInvalidQuoting "MULTIPART_INVALID_QUOTING",
    MultipartLfLine "MULTIPART_LF_LINE",
    MultipartMissingSemicolon "MULTIPART_MISSING_SEMICOLON",
    MultipartName "MULTIPART_NAME",
    MultipartPartHeaders "MULTIPART_PART_HEADERS",
    MultipartStrictError "MULTIPART_STRICT_ERROR",
    MultipartUnmatchedBoundary "MULTIPART_UNMATCHED_BOUNDARY",
    OutboundDataError "OUTBOUND_DATA_ERROR",
    PathInfo "PATH_INFO",
    QueryString "QUERY_STRING",
    RemoteAddr "REMOTE_ADDR",
    RemoteHost "REMOTE_HOST",
    RemotePort "REMOTE_PORT",
    RemoteUser "REMOTE_USER",
    ReqbodyError "REQBODY_ERROR",
    ReqbodyErrorMsg "REQBODY_ERROR_MSG",
    ReqbodyProcessor "REQBODY_PROCESSOR",
    ReqbodyProcessorError "REQBODY_PROCESSOR_ERROR",
    ReqbodyProcessorErrorMsg "REQBODY_PROCESSOR_ERROR_MSG",
    RequestBasename "REQUEST_BASENAME",
    RequestBody "REQUEST_BODY",
    RequestBodyLength "REQUEST_BODY_LENGTH",
    RequestCookies "REQUEST_COOKIES",
    RequestCookiesNames "REQUEST_COOKIES_NAMES",
    RequestFilename "REQUEST_FILENAME",
    RequestHeaders "REQUEST_HEADERS",
    RequestHeadersNames "REQUEST_HEADERS_NAMES",
    RequestLine "REQUEST_LINE",
    RequestMethod "REQUEST_METHOD",
    RequestProtocol "REQUEST_PROTOCOL",
    RequestUri "REQUEST_URI",
    RequestUriRaw "REQUEST_URI_RAW",
    Resource "RESOURCE",
    ResponseBody "RESPONSE_BODY",
    ResponseContentLength "RESPONSE_CONTENT_LENGTH",
    ResponseContentType "RESPONSE_CONTENT_TYPE",
    ResponseHeaders "RESPONSE_HEADERS",
    ResponseHeadersNames "RESPONSE_HEADERS_NAMES",
    ResponseProtocol "RESPONSE_PROTOCOL",
    ResponseStatus "RESPONSE_STATUS",
    Rule "RULE",
    ServerAddr "SERVER_ADDR",
    ServerName "SERVER_NAME",
    ServerPort "SERVER_PORT",
    Session "SESSION",
    SessionId "SESSIONID",
    StatusLine "STATUS_LINE",
    TimeEpoch "TIME_EPOCH",
    Time "TIME",
    TimeDay "TIME_DAY",
    TimeHour "TIME_HOUR",
    TimeMin "TIME_MIN",
    TimeMon "TIME_MON",
    TimeSec "TIME_SEC",
    TimeWday "TIME_WDAY",
    TimeYear "TIME_YEAR",
    Tx "TX",
    UniqueId "UNIQUE_ID",
    UrlencodedError "URLENCODED_ERROR",
    User "USER",
    UserId "USERID",
    WebappId "WEBAPPID",
    Xml "XML",
}

impl Variable {
    /// Collections kept between requests: the caller keeps them, see [`super::run::Stored`].
    pub const fn is_stored(self) -> bool {
        matches!(self, Self::Ip | Self::Global | Self::Session | Self::User | Self::Resource)
    }
}

/// Which values of a variable.
#[derive(Clone, Debug)]
pub enum Selector {
    /// All.
    All,
    /// The one of this name; compared without case.
    Key(String),
    /// Those whose names match.
    Regex(Arc<Rx>),
}

impl PartialEq for Selector {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, Self::All) => true,
            (Self::Key(a), Self::Key(b)) => a == b,
            (Self::Regex(a), Self::Regex(b)) => a.text() == b.text(),
            _ => false,
        }
    }
}

impl Selector {
    /// Whether it selects the value of this name.
    pub fn selects(&self, key: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Key(name) => key.eq_ignore_ascii_case(name.as_bytes()),
            Self::Regex(rx) => rx.is_match(key),
        }
    }
}

/// A target of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The variable.
    pub variable: Variable,
    /// Which of its values.
    pub selector: Selector,
    /// How many rather than which.
    pub count: bool,
}

/// What a rule looks at and what not.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// Looked at.
    pub looked: Vec<Target>,
    /// Left out.
    pub left_out: Vec<(Variable, Selector)>,
}

/// Reads a rule's targets.
///
/// # Errors
/// A variable that is not known, a selector that is not closed or no regular expression.
pub(super) fn targets(word: &Word) -> Result<Targets, Problem> {
    let text = word.text.as_str();
    let mut targets = Targets::default();
    let mut at = 0;
    while at < text.len() {
        let negated = text[at..].starts_with('!');
        let count = text[at..].starts_with('&');
        let start = at + usize::from(negated || count);
        let stop = text[start..].find(['|', ':', ',']).map_or(text.len(), |length| start + length);
        let name = text[start..stop].trim();
        let Some(variable) = Variable::named(name) else {
            return Err(word.wrong(start, format!("the variable `{name}` is not known")));
        };
        at = stop;
        let mut selector = Selector::All;
        if text[at..].starts_with(':') {
            let (read, next) = read_selector(word, variable, at + 1)?;
            selector = read;
            at = next;
        }
        if negated {
            targets.left_out.push((variable, selector));
        } else {
            targets.looked.push(Target { variable, selector, count });
        }
        match text[at..].chars().next() {
            None => {}
            Some('|' | ',') => at += 1,
            Some(_) => return Err(word.wrong(at, "a `|` is missing between two variables")),
        }
    }
    Ok(targets)
}

fn read_selector(word: &Word, variable: Variable, at: usize) -> Result<(Selector, usize), Problem> {
    let text = word.text.as_str();
    let rest = &text[at..];
    // XPath expressions begin with a slash as regular expressions do.
    let (quoted, body) = rest
        .strip_prefix("'/")
        .map(|body| (true, body))
        .or_else(|| rest.strip_prefix('/').map(|body| (false, body)))
        .unwrap_or((false, ""));
    if !body.is_empty() && variable != Variable::Xml {
        let close = if quoted { "/'" } else { "/" };
        let mut from = 0;
        let length = loop {
            let Some(found) = body[from..].find(close).map(|length| from + length) else {
                return Err(word.wrong(at, "a regular expression that is not closed"));
            };
            if !body[..found].ends_with('\\') {
                break found;
            }
            from = found + 1;
        };
        let flags = Flags { insensitive: true, dot_all: true, multi_line: true, ..Flags::default() };
        let rx = Rx::new(&body[..length], flags).map_err(|wrong| word.wrong(at + 1 + wrong.at, wrong.says))?;
        let start = at + rest.len() - body.len();
        return Ok((Selector::Regex(Arc::new(rx)), start + length + close.len()));
    }
    if let Some(body) = rest.strip_prefix('\'') {
        let Some(length) = body.find('\'') else { return Err(word.wrong(at, "a quote that is not closed")) };
        return Ok((Selector::Key(body[..length].to_ascii_lowercase()), at + length + 2));
    }
    let stop = rest.find(['|', ',']).map_or(text.len(), |length| at + length);
    let key = &text[at..stop];
    if key.is_empty() {
        return Err(word.wrong(at, "a selector is missing after `:`"));
    }
    if variable == Variable::Xml && key != "/*" && key != "//@*" {
        return Err(word.wrong(at, format!("of XPath only `/*` and `//@*` are known, not `{key}`")));
    }
    Ok((Selector::Key(key.to_ascii_lowercase()), stop))
}
