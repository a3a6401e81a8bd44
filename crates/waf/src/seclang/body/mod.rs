//! Request bodies to arguments, files and XML: what the `REQBODY_PROCESSOR`s do.
//!
//! Each takes what it can: a body that is broken half way keeps what came before, and says that it is broken.

mod json;
mod multipart;
mod urlencoded;
mod xml;

pub(super) use urlencoded::{arguments, decode_path};

/// What a body processor found.
#[derive(Default, Debug)]
pub(super) struct Parsed {
    /// Names and values of arguments.
    pub arguments: Vec<(Vec<u8>, Vec<u8>)>,
    /// Uploaded files.
    pub files: Vec<File>,
    /// Part names and header lines.
    pub part_headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// XML attributes' values.
    pub attributes: Vec<Vec<u8>>,
    /// XML texts.
    pub texts: Vec<Vec<u8>>,
    /// What is wrong with the body.
    pub error: Option<String>,
    /// What is irregular about a multipart body, by variable.
    pub irregular: Vec<super::Variable>,
}

/// An uploaded file.
#[derive(Debug)]
pub(super) struct File {
    pub name: Vec<u8>,
    pub filename: Vec<u8>,
    pub content: Vec<u8>,
}

/// Runs a processor by its name; none for a name that has none.
pub(super) fn process(processor: &str, content_type: &[u8], body: &[u8], separator: u8, depth: usize) -> Option<Parsed> {
    match processor {
        "URLENCODED" => Some(Parsed { arguments: arguments(body, separator), ..Parsed::default() }),
        "MULTIPART" => Some(multipart::parse(content_type, body)),
        "JSON" => Some(json::parse(body, depth)),
        "XML" => Some(xml::parse(body)),
        "RAW" => Some(Parsed::default()),
        _ => None,
    }
}
