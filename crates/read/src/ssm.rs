//! SSM parameters that the templates themselves define: what `AWS::SSM::Parameter::Value<…>` and `{{resolve:ssm:…}}` read
//! (CloudFormation User Guide, "Specify existing resources at runtime", "Get a plaintext value from Parameter Store").

use crate::stacks::Stacks;
use model::{Kind, Node};

impl Stacks {
    /// Notes every SSM parameter with a known name.
    pub(crate) fn find_parameters(&self) {
        let mut found = Vec::new();
        for (at, stack) in self.stacks.iter().enumerate() {
            for member in stack.template.get("Resources").map(Node::members).unwrap_or_default() {
                if member.value.get("Type").and_then(Node::str) != Some("AWS::SSM::Parameter") {
                    continue;
                }
                let name = member.value.at(&["Properties", "Name"]).and_then(|name| self.eval(at, name, 0)?.scalar());
                found.extend(name.map(|name| (name, (at, member.key.clone()))));
            }
        }
        self.parameters.borrow_mut().extend(found);
    }

    /// The value of an SSM parameter by its name, if one of these templates defines it.
    pub(crate) fn stored(&self, name: &str, depth: usize) -> Option<Kind> {
        let (at, logical) = self.parameters.borrow().get(name).cloned()?;
        let value = self.stacks.get(at)?.resource(&logical)?.at(&["Properties", "Value"])?;
        Some(self.eval(at, value, depth + 1)?.kind)
    }

    /// A text with `{{resolve:ssm:name}}` and `{{resolve:ssm:name:version}}` replaced where these templates define the
    /// parameter. All other references stay: only the deployment knows what they are.
    pub(crate) fn dynamic(&self, text: &str, depth: usize) -> String {
        const OPEN: &str = "{{resolve:ssm:";
        let (mut out, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once(OPEN) {
            out.push_str(before);
            let Some((name, behind)) = after.split_once("}}") else {
                out.push_str(OPEN);
                rest = after;
                continue;
            };
            let plain =
                name.rsplit_once(':').filter(|(_, version)| version.bytes().all(|b| b.is_ascii_digit())).map_or(name, |(name, _)| name);
            match self.stored(plain, depth) {
                Some(Kind::String(value)) if out.len() + value.len() < (1 << 20) => out.push_str(&value),
                _ => {
                    out.push_str(OPEN);
                    out.push_str(name);
                    out.push_str("}}");
                }
            }
            rest = behind;
        }
        out + rest
    }
}
