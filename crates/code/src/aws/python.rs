//! boto3's names as the API references spell them. Never names a service in code: the tables beside it do.

use super::{operations, services, upper_first};

/// The IAM prefix of a client's name (`cognito-idp`, `stepfunctions`).
pub(crate) fn prefix(client: &str) -> String {
    let row = services().iter().find(|row| row[0] == client || row[1].eq_ignore_ascii_case(client));
    row.map_or_else(|| client.to_owned(), |row| row[2].to_owned())
}

/// The operation that a client's method calls: `put_item` is `PutItem`.
pub(crate) fn operation(service: &str, method: &str) -> String {
    let special = operations().iter().find(|row| row[0] == format!("py:{service}") && row[1] == method);
    special.map_or_else(|| method.split('_').map(word).collect(), |row| row[2].to_owned())
}

/// The operation that a resource's method calls: `Object("b", "k").put` is `PutObject`.
pub(crate) fn method(service: &str, chain: &str, name: &str) -> String {
    let of = chain.trim_start_matches('.').trim_end_matches("()");
    let special = operations().iter().find(|row| row[0] == format!("py:{service}.{of}") && row[1] == name);
    special.map_or_else(|| operation(service, name), |row| row[2].to_owned())
}

fn word(part: &str) -> String {
    match part {
        "db" | "mfa" => part.to_uppercase(),
        _ => upper_first(part),
    }
}

#[cfg(test)]
mod tests {
    use super::{method, operation, prefix};

    #[test]
    fn names() {
        assert_eq!(operation("dynamodb", "put_item"), "PutItem");
        assert_eq!(operation("s3", "upload_file"), "PutObject");
        assert_eq!(operation("rds", "describe_db_instances"), "DescribeDBInstances");
        assert_eq!(method("s3", ".Object()", "put"), "PutObject");
        assert_eq!(method("dynamodb", ".Table()", "scan"), "Scan");
        assert_eq!(prefix("stepfunctions"), "states");
        assert_eq!(prefix("cognito-idp"), "cognito-idp");
    }
}
