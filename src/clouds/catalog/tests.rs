//! The shipped parts: they decode, say where they come from, and survive damage; exports are told
//! apart and built.

use super::*;

#[test]
fn every_shipped_part_decodes_and_says_where_it_comes_from() {
    let parts = parts();
    let ids: Vec<&str> = parts.iter().map(|part| part.id).collect();
    assert_eq!(ids, ["aws-actions", "aws-managed-policies", "gcp-roles", "azure-roles", "azure-operations"]);
    for part in parts {
        assert_eq!(part.problem, None, "{}", part.id);
        assert!(!part.source.is_empty() && part.source.iter().all(|source| !source.is_empty()));
        assert_eq!(part.date.len(), 10, "{}", part.date);
        assert!(part.bytes > 10_000);
        assert!(part.counts.iter().all(|(_, count)| *count > 50), "{:?}", part.counts);
    }
}

#[test]
fn names_are_looked_up_in_all_clouds() {
    let clouds = |name: &str| describe(name).into_iter().map(|(cloud, _)| cloud).collect::<Vec<_>>();
    assert_eq!(clouds("s3:GetObject"), ["aws"]);
    assert_eq!(clouds("roles/editor"), ["gcp"]);
    assert_eq!(clouds("Owner"), ["gcp", "azure"]);
    assert!(clouds("nobody knows this").is_empty());
    let found = search("roles/storage.objectCreater", 3);
    assert_eq!((found[0].0, found[0].1.name.as_str()), ("gcp", "roles/storage.objectCreator"));
    assert!(found.len() <= 3 && found.is_sorted_by_key(|(_, found)| found.distance));
}

#[test]
fn unknown_parts_and_foreign_bytes_are_not_installed() {
    let error = install("aws-prices", b"").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the catalog `aws-prices` does not exist; `leastwise catalog` lists the names"
    );
    let gcp = include_bytes!("../../../policies/gcp-roles.bin.zst");
    let error = install("azure-roles", gcp).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the catalog `azure-roles` cannot be read: it is the catalog of something else; \
         rebuild it with `leastwise catalog build` or reinstall leastwise"
    );
}

/// All facts in some bytes as text, if they are a catalog of some part.
type Facts = fn(&[u8]) -> Option<String>;

/// Damages shipped files at many places: an error or, where a bit has no meaning in the compressed
/// stream, the same facts as before.
#[test]
fn damaged_files_are_errors() {
    let files: [(&[u8], Facts); 5] = [
        (include_bytes!("../../../policies/aws-actions.bin.zst"), |bytes| {
            aws::catalog::decode(bytes).ok().map(|catalog| format!("{:?}", catalog.to_source()))
        }),
        (include_bytes!("../../../policies/aws-managed-policies.bin.zst"), |bytes| {
            let source = aws::catalog::decode_managed(bytes).ok()?.to_source().ok()?;
            Some(format!("{source:?}"))
        }),
        (include_bytes!("../../../policies/gcp-roles.bin.zst"), |bytes| {
            gcp::catalog::decode(bytes).ok().map(|catalog| format!("{:?}", catalog.to_source()))
        }),
        (include_bytes!("../../../policies/azure-roles.bin.zst"), |bytes| {
            azure::catalog::decode(bytes).ok().map(|catalog| format!("{:?}", catalog.to_source()))
        }),
        (include_bytes!("../../../policies/azure-operations.bin.zst"), |bytes| {
            azure::catalog::decode_operations(bytes).ok().map(|catalog| format!("{:?}", catalog.to_source()))
        }),
    ];
    for (bytes, facts) in files {
        let right = facts(bytes);
        assert!(right.is_some());
        for step in 1..20 {
            let at = bytes.len() * step / 20;
            assert_eq!(facts(&bytes[..at]), None);
            let mut forged = bytes.to_vec();
            forged[at] ^= 0x40;
            let read = facts(&forged);
            assert!(read.is_none() || read == right, "a flipped bit at {at} changed facts");
        }
        assert_eq!(facts(b""), None);
        assert_eq!(facts(b"not zstd at all"), None);
    }
}

#[test]
fn forged_payloads_with_a_valid_checksum_never_panic() {
    let small = aws::catalog::encode(&aws_sample()).unwrap();
    let payload = decompress(&small).unwrap();
    for at in 0..payload.len() {
        for value in [0x00, 0x01, 0x7f, 0x80, 0xff] {
            let mut forged = payload.clone();
            forged[at] = value;
            let forged = zstd::stream::encode_all(forged.as_slice(), 1).unwrap();
            if let Ok(catalog) = aws::catalog::decode(&forged) {
                let _ = catalog.to_source();
            }
        }
    }
}

fn aws_sample() -> aws::catalog::AwsSource {
    let text = r#"{"Name":"s3","Actions":[{"Name":"GetObject","Resources":[{"Name":"object"}],
        "ActionConditionKeys":["s3:versionid"]}],"Resources":[{"Name":"object",
        "ARNFormats":["arn:${Partition}:s3:::${B}/${O}"],"ConditionKeys":["s3:TlsVersion"]}],
        "ConditionKeys":[{"Name":"s3:TlsVersion","Types":["Numeric"]}]}"#;
    aws::catalog::read_service_reference(&[("s3.json".to_owned(), text.to_owned())], &mut Vec::new())
}

#[test]
fn exports_are_told_apart_by_content() {
    let cases = [
        (r#"{"Name":"s3","Actions":[]}"#, Some(SourceKind::AwsServiceReference)),
        (r#"{"UserDetailList":[],"Policies":[]}"#, Some(SourceKind::AwsManagedPolicies)),
        (r#"{"PolicyVersion":{}}"#, Some(SourceKind::AwsManagedPolicies)),
        (r#"[{"name":"roles/viewer","stage":"GA"}]"#, Some(SourceKind::GcpRoles)),
        (r#"{"name":"roles/viewer","includedPermissions":[]}"#, Some(SourceKind::GcpRoles)),
        (r#"{"roles":[{"name":"roles/viewer"}]}"#, Some(SourceKind::GcpRoles)),
        (r#"[{"roleName":"Reader","name":"x"}]"#, Some(SourceKind::AzureRoles)),
        (r#"{"value":[{"properties":{"roleName":"Reader"}}]}"#, Some(SourceKind::AzureRoles)),
        (r#"[{"name":"Microsoft.X","operations":[]}]"#, Some(SourceKind::AzureOperations)),
        (r#"{"value":[{"name":"Microsoft.X","resourceTypes":[]}]}"#, Some(SourceKind::AzureOperations)),
        (r#"{"source":"x","permissions":[],"roles":{}}"#, Some(SourceKind::GcpFacts)),
        (r#"{"source":"x","roles":{}}"#, Some(SourceKind::AzureRoleFacts)),
        (r#"{"Version":"2012-10-17","Statement":[]}"#, None),
        ("[]", None),
        ("3", None),
        ("{", None),
    ];
    for (text, kind) in cases {
        assert_eq!(detect(text), kind, "{text}");
    }
    assert_eq!(detect(&"[".repeat(100_000)), None);
}

#[test]
fn a_folder_of_exports_becomes_parts_with_the_given_date() {
    let files = [
        ("viewer.json", r#"{"name":"roles/viewer","stage":"GA","includedPermissions":["a.b.get"]}"#),
        (
            "list.json",
            r#"[{"name":"roles/viewer","title":"Viewer","stage":"GA"},{"name":"roles/x","stage":"GA"}]"#,
        ),
        ("policy.json", r#"{"Version":"2012-10-17"}"#),
        ("ops.json", r#"[{"name":"M.X","operations":[{"name":"M.X/register/action"}]}]"#),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let mut problems = Vec::new();
    let built = build(&files, "2026-11-20", &mut problems).unwrap();
    assert_eq!(built.iter().map(|part| part.id).collect::<Vec<_>>(), ["azure-operations", "gcp-roles"]);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("`policy.json` is no export that a catalog can be built from"));
    assert!(problems[1].starts_with("`roles/x` is listed without permissions and left out"));
    let gcp = gcp::catalog::decode(&built[1].bytes).unwrap();
    assert_eq!(gcp.info().sources, ["gcloud iam roles, 2026-11-20"]);
    assert_eq!(gcp.info().date, "2026-11-20");
    assert_eq!(gcp.role("viewer").unwrap().title(), "Viewer");
}
