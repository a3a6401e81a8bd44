//! Functions that keep files where other executions, and other functions, find them.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Finding, Node, Resource, Severity};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, false);

const SLUG: &str = "shared-file-system";

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::Lambda::Function"], |function| {
        let mounted = function.properties.get("FileSystemConfigs").map(Node::items).unwrap_or_default();
        let mount = mounted.iter().find_map(|config| config.get("Arn"))?;
        let point = app.of_kind("AWS::EFS::AccessPoint").find(|point| setting::names(mount, point));
        let others = app.of_kind("AWS::Lambda::Function").filter(|other| other.id != function.id && mounts(other, mount)).count();
        let title = format!("what {} writes to its file system stays for the next execution", function.id.logical);
        let title = if others > 0 { format!("{title}, and for {others} other functions") } else { title };
        let told = match point {
            None => Told::Open(
                mount.unknown().map_or_else(|| "the access point is not declared here".to_owned(), |u| u.why.clone()),
                mount.place.clone(),
            ),
            // A folder and a user of its own, shared with nobody, keep what other functions wrote out of reach.
            Some(point) if others == 0 && own_folder(point) && setting::present(point, &["PosixUser"]) == Told::Right => Told::Right,
            Some(_) => Told::Wrong(mount.place.clone()),
        };
        Some((told, title, None))
    })
}

fn mounts(function: &Resource, mount: &Node) -> bool {
    let configs = function.properties.get("FileSystemConfigs").map(Node::items).unwrap_or_default();
    mount.scalar().is_some() && configs.iter().any(|config| config.get("Arn").and_then(Node::scalar) == mount.scalar())
}

fn own_folder(point: &Resource) -> bool {
    setting::told(point, &["RootDirectory", "Path"], |path| path.str().is_some_and(|path| path != "/")) == Told::Right
}
