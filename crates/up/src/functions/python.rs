//! The installed Python 3 and the AWS SDK beside it: found once, run from where they are.

use crate::error::UpError;
use sandbox::Bind;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Python 3 on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    /// The real executable, no shim and no virtual environment's link.
    pub program: PathBuf,
    /// What it is installed in when that is none of the system's folders: shown to functions as a whole, as `/var/lang`.
    pub prefix: Option<PathBuf>,
    /// `3.11.7`.
    pub version: String,
    /// 11.
    pub minor: u32,
    /// The packages of the AWS SDK, which Lambda's runtime brings (AWS Lambda Developer Guide, "Building Lambda functions with
    /// Python": "Runtime-included SDK versions"), where this machine has them: folders and modules. Empty without boto3.
    pub sdk: Vec<PathBuf>,
}

/// The Debian command that brings Python.
const INSTALL: &str = "sudo apt install python3";

/// Prints the executable, its prefix, the version, and a line for each package of the SDK.
const ASK: &str = "
import importlib.util, os, sys
print(os.path.realpath(sys.executable), os.path.realpath(sys.base_prefix), '%d.%d.%d' % sys.version_info[:3], sep='\\n')
for name in ('boto3', 'botocore', 's3transfer', 'jmespath', 'dateutil', 'six', 'urllib3'):
    spec = importlib.util.find_spec(name)
    if spec and spec.origin:
        print(os.path.realpath(os.path.dirname(spec.origin) if spec.submodule_search_locations else spec.origin))
";

impl Python {
    /// Finds `python3` on the PATH.
    ///
    /// # Errors
    /// [`UpError::Missing`] with the command that installs it.
    pub fn find() -> Result<Self, UpError> {
        let missing = || UpError::Missing { component: "python3".to_owned(), command: INSTALL.to_owned() };
        // Isolated: modules of the folder that the user stands in, which may be a stranger's, are not loaded.
        let output = Command::new("python3").args(["-I", "-c", ASK]).output().map_err(|_| missing())?;
        let text = String::from_utf8(output.stdout).map_err(|_| missing())?;
        let mut lines = text.lines();
        let (Some(program), Some(prefix), Some(version), true) = (lines.next(), lines.next(), lines.next(), output.status.success()) else {
            return Err(missing());
        };
        let minor = version.strip_prefix("3.").and_then(|rest| rest.split('.').next()?.parse().ok()).ok_or_else(missing)?;
        let sdk: Vec<PathBuf> = lines.map(PathBuf::from).collect();
        let has_boto3 = sdk.iter().any(|path| path.ends_with("boto3"));
        Ok(Self {
            program: program.into(),
            // Below `/usr` everything is there already.
            prefix: Some(PathBuf::from(prefix)).filter(|prefix| !prefix.starts_with("/usr")),
            version: version.to_owned(),
            minor,
            sdk: if has_boto3 { sdk } else { Vec::new() },
        })
    }

    /// Where the executable is shown to functions, as on Lambda.
    pub(crate) fn inside(&self) -> PathBuf {
        Path::new("/var/lang/bin").join(format!("python3.{}", self.minor))
    }

    /// What makes it so.
    pub(crate) fn shown(&self) -> Bind {
        let (source, target) = match &self.prefix {
            Some(prefix) => (prefix.clone(), PathBuf::from("/var/lang")),
            None => (self.program.clone(), self.inside()),
        };
        Bind { source, target, writable: false }
    }
}
