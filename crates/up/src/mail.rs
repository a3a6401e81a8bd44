//! Messages that the application's users would get: there is no mail and no telephone here. What is sent lies in a file of its
//! address below the state folder, which only the application's owner reads; that something came is said, what it says is not.

use crate::folder::private;
use crate::options::{Notice, Notices};
use model::Message;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Letters of an address that are kept in the name of its file, beside letters and digits.
const KEPT: &str = "@.+-_";

/// Every mailbox.
pub(crate) struct Mail {
    folder: PathBuf,
    notices: Notices,
}

impl Mail {
    /// In this folder.
    pub fn new(folder: PathBuf, notices: Notices) -> Self {
        Self { folder, notices }
    }

    /// Puts a message into its mailbox.
    pub fn deliver(&self, message: &Message) {
        let path = mailbox(&self.folder, &message.to);
        let notice = match append(&path, message) {
            Ok(()) => Notice::Says(format!("a message to {} lies in {}", message.to, path.display())),
            Err(error) => Notice::Warns(format!("a message to {} was lost: {}: {error}", message.to, path.display())),
        };
        (self.notices)(notice);
    }
}

/// The file of an address.
pub(crate) fn mailbox(folder: &Path, address: &str) -> PathBuf {
    let letter = |c: char| if c.is_ascii_alphanumeric() || KEPT.contains(c) { c } else { '_' };
    let name: String = address.trim_start_matches('.').chars().take(120).map(letter).collect();
    folder.join(format!("{name}.txt"))
}

fn append(path: &Path, message: &Message) -> io::Result<()> {
    let mut file = private(OpenOptions::new().append(true).create(true)).open(path)?;
    write!(file, "To: {}\nSubject: {}\n\n{}\n\n", message.to, message.subject, message.text)
}

/// What lies in the mailbox of an address.
pub(crate) fn read(folder: &Path, address: &str) -> String {
    fs::read_to_string(mailbox(folder, address)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::mailbox;
    use std::path::Path;

    #[test]
    fn an_address_names_no_other_folder() {
        for (address, file) in [("ann@example.com", "ann@example.com.txt"), ("../../x", "_.._x.txt"), ("+4912345", "+4912345.txt")] {
            assert_eq!(mailbox(Path::new("/mail"), address), Path::new("/mail").join(file));
        }
    }
}
