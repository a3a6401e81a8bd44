//! The Well-Architected Serverless Lens as the report orders it: its five areas of security and its eight layers, each with the ids by
//! which pages name it (AWS Well-Architected Framework, Security Pillar, SEC 1 to 11).

/// A heading of the report, and the ids below it.
pub type Heading = (&'static str, &'static [&'static str]);

/// The five areas of security.
pub const AREAS: [Heading; 5] = [
    ("area 1: identity and access", &["WA-SEC-02", "WA-SEC-03"]),
    ("area 2: infrastructure", &["WA-SEC-01", "WA-SEC-05", "WA-SEC-06", "WA-SEC-11"]),
    ("area 3: data", &["WA-SEC-07", "WA-SEC-08", "WA-SEC-09"]),
    ("area 4: detection", &["WA-SEC-04"]),
    ("area 5: incident response", &["WA-SEC-10"]),
];

/// The eight layers.
pub const LAYERS: [Heading; 8] = [
    ("layer 1: compute", &["WA-LAYER-COMPUTE"]),
    ("layer 2: data", &["WA-LAYER-DATA"]),
    ("layer 3: messaging and streaming", &["WA-LAYER-MESSAGING"]),
    ("layer 4: users and identity", &["WA-LAYER-IDENTITY"]),
    ("layer 5: edge", &["WA-LAYER-EDGE"]),
    ("layer 6: monitoring and deployment", &["WA-LAYER-MONITORING"]),
    ("layer 7: deployment approaches", &["WA-LAYER-DEPLOYMENT"]),
    ("layer 8: versioning", &["WA-LAYER-VERSIONING"]),
];

/// The headings under which an id stands.
pub fn headings(id: &str) -> impl Iterator<Item = &'static str> {
    AREAS.iter().chain(&LAYERS).filter(move |(_, ids)| ids.contains(&id)).map(|(heading, _)| *heading)
}
