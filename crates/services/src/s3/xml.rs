//! The XML that S3's clients send: two small documents, `Delete` and `CompleteMultipartUpload`. No attributes are looked at, no
//! entity but XML's own five is known, and a document type is refused.

/// An element: its name without a prefix, its text, its children.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// `Key`.
    pub name: String,
    /// The text that stands directly in it.
    pub text: String,
    /// In order.
    pub children: Vec<Element>,
}

impl Element {
    /// The text of the first child with this name.
    pub fn child(&self, name: &str) -> Option<&str> {
        self.children.iter().find(|child| child.name == name).map(|child| child.text.as_str())
    }
}

/// Elements within elements at most.
const DEEPEST: usize = 8;

/// The root element of a document. `None`: it is not well formed, or deeper than any that S3 takes.
pub fn read(document: &str) -> Option<Element> {
    let mut open: Vec<Element> = vec![Element::default()];
    let mut rest = document.trim_start_matches('\u{feff}');
    while let Some((text, after)) = rest.split_once('<') {
        open.last_mut()?.text.push_str(&unescaped(text)?);
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->")?.1;
            continue;
        }
        let (tag, after) = after.split_once('>')?;
        rest = after;
        if tag.starts_with('?') {
            continue;
        }
        if tag.starts_with('!') {
            return None;
        }
        if let Some(name) = tag.strip_prefix('/') {
            let closed = open.pop().filter(|element| element.name == local(name))?;
            open.last_mut()?.children.push(closed);
            continue;
        }
        let empty = tag.ends_with('/');
        let element = Element { name: local(tag.trim_end_matches('/')).to_owned(), ..Element::default() };
        if empty {
            open.last_mut()?.children.push(element);
        } else if open.len() <= DEEPEST {
            open.push(element);
        } else {
            return None;
        }
    }
    let root = open.pop().filter(|_| open.is_empty() && rest.trim().is_empty())?;
    let [element] = <[Element; 1]>::try_from(root.children).ok()?;
    Some(element)
}

/// A tag's name without its prefix and its attributes.
fn local(tag: &str) -> &str {
    let name = tag.split_ascii_whitespace().next().unwrap_or_default();
    name.rsplit(':').next().unwrap_or(name)
}

fn unescaped(text: &str) -> Option<String> {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (entity, after) = after.split_once(';')?;
        let number = |digits: &str| match digits.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        };
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            other => char::from_u32(number(other.strip_prefix('#')?)?)?,
        });
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_documents_of_clients() {
        let text = "<?xml version=\"1.0\"?>\n<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n<Object><Key>a&amp;b&#x21;</Key></Object>\
                    <Quiet>true</Quiet><Object/></Delete>\n";
        let root = read(text).unwrap();
        assert_eq!((root.name.as_str(), root.child("Quiet")), ("Delete", Some("true")));
        assert_eq!(root.children[0].child("Key"), Some("a&b!"));
        assert_eq!(root.children.len(), 3);
    }

    #[test]
    fn what_is_not_well_formed() {
        for text in
            ["", "<a>", "<a></b>", "</a>", "<a/><b/>", "<a>&x;</a>", "<!DOCTYPE a [<!ENTITY x \"y\">]><a/>", "<a/>text", "<a>&#xD800;</a>"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        let deep = "<a>".repeat(20) + &"</a>".repeat(20);
        assert_eq!(read(&deep), None);
    }
}
