//! The code that a template itself holds: `InlineCode` of SAM, `Code.ZipFile` of `AWS::Lambda::Function`. The text comes from the
//! template as it is written, so that every line of it can be told at its own line; what a function would put in is left a hole of
//! the same width.

use crate::document::{document, trouble};
use code::{Inline, Written};
use model::{App, Kind, Node, Place, Resource, Trouble};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Templates that were read once more, as written.
#[derive(Default)]
pub(crate) struct Templates(BTreeMap<Arc<str>, Vec<Node>>);

impl Templates {
    /// The code that a function's template holds; `None` where it holds none.
    ///
    /// # Errors
    /// When the code is made of what is not known.
    pub fn inline(&mut self, app: &App, resource: &Resource) -> Option<Result<Inline, Trouble>> {
        let resolved = resource.properties.at(&["Code", "ZipFile"])?;
        let file = resolved.place.file.clone();
        let template = app.sources.get(&file).map(|source| source.text.clone());
        let logical = resource.generated_from.as_ref().map_or(&resource.id.logical, |id| &id.logical);
        let raw = template.as_ref().and_then(|text| {
            let documents = self.0.entry(file.clone()).or_insert_with(|| document(&file, text).0);
            let properties = documents.iter().find_map(|node| node.at(&["Resources", logical, "Properties"]))?;
            properties.get("InlineCode").or_else(|| properties.at(&["Code", "ZipFile"])).cloned()
        });
        let lines: Vec<&str> = template.as_deref().unwrap_or_default().split('\n').collect();
        let written = raw.as_ref().and_then(|raw| as_written(raw, &lines));
        Some(match (written, resolved.str()) {
            (Some((text, lines)), _) => Ok(Inline { text: text.into(), file, lines }),
            (None, Some(text)) => Ok(Inline { text: text.into(), file, lines: vec![at(&resolved.place)] }),
            (None, None) => {
                let says = format!("not assessed: the inline code of {} is made of values that are not known", resource.id);
                Err(trouble(says, resolved.place.clone(), "write the code as one text, or keep it in a file"))
            }
        })
    }
}

fn at(place: &Place) -> Written {
    Written { line: place.line, column: place.column, byte: None }
}

/// A text and where its lines are.
type Text = (String, Vec<Written>);

/// The code as it is written: a text, `Fn::Sub` of one, `Fn::Join` of texts.
fn as_written(raw: &Node, lines: &[&str]) -> Option<Text> {
    if let Kind::String(text) = &raw.kind {
        return Some((text.clone(), located(text, &raw.place, lines)));
    }
    if let Some(sub) = raw.get("Fn::Sub") {
        let template = sub.items().first().unwrap_or(sub);
        let text = template.str()?;
        return Some((with_holes(text), located(text, &template.place, lines)));
    }
    let [delimiter, items] = raw.get("Fn::Join")?.items() else { return None };
    joined(delimiter.str()?, items, lines)
}

/// Where each line of a text is written. Lines that do not stand there to the letter are at the text's own place.
fn located(text: &str, place: &Place, lines: &[&str]) -> Vec<Written> {
    let starts = starts(lines);
    let own: Vec<&str> = text.split('\n').collect();
    // A literal block: its lines stand below its header, each behind the same spaces.
    let below = place.line as usize;
    let block = own.iter().enumerate().map(|(n, own)| {
        let line = lines.get(below + n).map(|line| line.trim_end_matches('\r'));
        let before = line.and_then(|line| line.strip_suffix(own.trim_end_matches('\r')));
        match before {
            Some(before) if before.bytes().all(|byte| byte == b' ') => written(below + n, before.len(), &starts),
            // What is behind the last line break is no line of the block.
            _ if own.is_empty() => Some(Written { line: (below + n + 1) as u32, column: 1, byte: None }),
            _ => None,
        }
    });
    if let Some(block) = block.collect::<Option<Vec<Written>>>().filter(|_| own.len() > 1) {
        return block;
    }
    let alone = lines.get(below.saturating_sub(1)).and_then(|line| on_line(line, text, place));
    match alone.filter(|_| own.len() == 1) {
        Some(column) => written(below.saturating_sub(1), column, &starts).into_iter().collect(),
        None => vec![at(place)],
    }
}

/// The byte of a line at which a text stands to the letter, at or behind a place.
fn on_line(line: &str, text: &str, place: &Place) -> Option<usize> {
    let from = line.char_indices().nth((place.column as usize).saturating_sub(1)).map_or(line.len(), |(at, _)| at);
    (!text.is_empty()).then(|| line.get(from..)?.find(text).map(|at| at + from)).flatten()
}

/// A line, from 0, whose text begins after so many bytes.
fn written(line: usize, before: usize, starts: &[usize]) -> Option<Written> {
    let byte = u32::try_from(starts.get(line)? + before).ok()?;
    Some(Written { line: u32::try_from(line + 1).ok()?, column: u32::try_from(before + 1).ok()?, byte: Some(byte) })
}

/// The byte at which each line begins.
fn starts(lines: &[&str]) -> Vec<usize> {
    let begin = |at: &mut usize, line: &&str| {
        let start = *at;
        *at += line.len() + 1;
        Some(start)
    };
    lines.iter().scan(0, begin).collect()
}

/// A text for `Fn::Sub` with holes of the same width where values would stand; `${!x}` is a literal `${x}`.
fn with_holes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (head, hole) = rest.split_at(at);
        out.push_str(head);
        let Some(end) = hole.find('}') else {
            rest = hole;
            break;
        };
        let (hole, after) = hole.split_at(end + 1);
        match hole.strip_prefix("${!") {
            Some(literal) => out.extend(["${ ", literal]),
            None if hole.contains('\n') => out.push_str(hole),
            None => out.extend(std::iter::repeat_n('x', hole.chars().count())),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The texts of `Fn::Join`, each where it is written; what is no text is a hole.
fn joined(delimiter: &str, items: &Node, lines: &[&str]) -> Option<Text> {
    let starts = starts(lines);
    let (mut text, mut found) = (String::new(), Vec::new());
    let items: &[Node] = matches!(items.kind, Kind::List(_)).then(|| items.items())?;
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            text.push_str(delimiter);
        }
        let part = item.str().unwrap_or("xxxxxxxx");
        for (at_line, own) in part.split('\n').enumerate() {
            if at_line > 0 {
                text.push('\n');
            }
            if text.is_empty() || text.ends_with('\n') {
                // A line of several items is no longer one that is written there.
                let line = (item.place.line as usize).saturating_sub(1);
                let next = items.get(n + 1).is_none() || delimiter.starts_with('\n') || part.ends_with('\n');
                let column = lines.get(line).and_then(|line| on_line(line, own, &item.place)).filter(|_| next && item.str().is_some());
                let exact = column.and_then(|column| written(line, column, &starts));
                found.resize(text.matches('\n').count(), at(&item.place));
                found.push(exact.unwrap_or(at(&item.place)));
            }
            text.push_str(own);
        }
    }
    (!found.is_empty()).then_some((text, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(template: &str, path: &[&str]) -> Text {
        let (documents, troubles) = document("template.yaml", template);
        assert_eq!(troubles, []);
        as_written(documents[0].at(path).unwrap(), &template.split('\n').collect::<Vec<_>>()).unwrap()
    }

    /// Every line that has a byte stands there to the letter.
    fn holds(template: &str, path: &[&str], exact: usize) -> String {
        let (text, lines) = of(template, path);
        let mut seen = 0;
        for (own, written) in text.split('\n').zip(&lines) {
            if let Some(byte) = written.byte {
                let line = template.split('\n').nth(written.line as usize - 1).unwrap();
                let there = &template[byte as usize..];
                assert!(line.ends_with(there.split('\n').next().unwrap()), "{own}");
                let same = own.chars().zip(there.chars()).filter(|(a, b)| a == b).count();
                assert!(same + own.matches('x').count() + 2 >= own.chars().count(), "{own:?} at {written:?}");
                seen += 1;
            }
        }
        assert_eq!(seen, exact, "{lines:?}");
        text
    }

    #[test]
    fn blocks_and_lines() {
        let block = "Code: # here\n  ZipFile: |\n    import os\n\n    def f(e, c):\n      return 1\nNext: 1\n";
        assert_eq!(holds(block, &["Code", "ZipFile"], 4), "import os\n\ndef f(e, c):\n  return 1\n");
        assert_eq!(of(block, &["Code", "ZipFile"]).1[3], Written { line: 6, column: 5, byte: Some(62) });
        let sub = "ZipFile: !Sub |\n  a('${Table}')\n  b(`${!name}`)\n";
        assert_eq!(holds(sub, &["ZipFile"], 3), "a('xxxxxxxx')\nb(`${ name}`)\n");
        let one = "ZipFile: \"exports.handler = async () => 1;\"\n";
        assert_eq!(holds(one, &["ZipFile"], 1), "exports.handler = async () => 1;");
        let folded = "ZipFile: >\n  a;\n  b;\n\n  c;\n";
        holds(folded, &["ZipFile"], 0);
        let json = "{\"ZipFile\": \"a();\\nb();\"}";
        holds(json, &["ZipFile"], 0);
    }

    #[test]
    fn joins() {
        let json = "{\"ZipFile\": {\"Fn::Join\": [\"\\n\", [\n  \"a();\",\n  \"b();\",\n  {\"Ref\": \"X\"}\n]]}}";
        let (text, lines) = of(json, &["ZipFile"]);
        assert_eq!((text.as_str(), lines.len()), ("a();\nb();\nxxxxxxxx", 3));
        assert_eq!(lines.iter().map(|line| (line.line, line.byte.is_some())).collect::<Vec<_>>(), [(2, true), (3, true), (4, false)]);
        let glued = "ZipFile: !Join\n- ''\n- - \"a('\"\n  - !Ref X\n  - \"');\"\n";
        let (text, lines) = of(glued, &["ZipFile"]);
        assert_eq!((text.as_str(), lines.as_slice()), ("a('xxxxxxxx');", [Written { line: 3, column: 5, byte: None }].as_slice()));
    }
}
