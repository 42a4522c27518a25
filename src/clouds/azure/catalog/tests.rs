//! Lookup, encoding and reading, on small fixtures and on the shipped parts.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn shipped() -> &'static AzureCatalog {
    load().unwrap()
}

#[test]
fn the_counts_are_those_of_the_fact_tables() {
    assert_eq!(shipped().counts()[0], ("built-in roles", 928));
    let operations = load_operations().unwrap().counts();
    // One name ends with a blank in the table and is the same operation as the one without.
    assert_eq!(operations, [("control operations", 11_162), ("data operations", 848)]);
}

#[test]
fn a_role_is_found_by_guid_id_and_name() {
    let guid = "00482a5a-887f-4fb3-b363-3b7fe8e74483";
    let role = shipped().role(guid).unwrap();
    assert_eq!((role.name(), role.guid().as_str()), ("Key Vault Administrator", guid));
    for name in [
        "key vault administrator",
        &guid.to_uppercase(),
        &format!("/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/{guid}"),
    ] {
        assert_eq!(shipped().role(name).unwrap().index(), role.index(), "{name}");
    }
    assert!(shipped().role("00000000-0000-0000-0000-000000000000").is_none());
    for role in shipped().roles() {
        assert_eq!(shipped().role(&role.guid()).unwrap().index(), role.index());
    }
}

#[test]
fn blocks_add_up_and_subtract_within_themselves() {
    let contributor = shipped().role("Contributor").unwrap();
    assert!(contributor.allows("Microsoft.Compute/virtualMachines/write", Plane::Control));
    assert!(!contributor.allows("microsoft.authorization/roleassignments/write", Plane::Control));
    assert!(
        !contributor
            .allows("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", Plane::Data)
    );
    let reader = shipped().role("Storage Blob Data Reader").unwrap();
    assert!(
        reader.allows("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", Plane::Data)
    );
    let conditions = shipped().roles().flat_map(Role::blocks).filter(|block| block.condition().is_some());
    assert_eq!(conditions.count(), 31);
    let block = shipped().roles().flat_map(Role::blocks).find(|block| block.condition().is_some()).unwrap();
    assert_eq!(block.condition_version(), Some("2.0"));
}

#[test]
fn operations_are_ranges_and_planes() {
    let operations = load_operations().unwrap();
    let vm = operations.find("microsoft.compute/virtualmachines/READ").unwrap();
    assert_eq!(vm.name(), "Microsoft.Compute/virtualMachines/read");
    assert!(vm.is_on(Plane::Control) && !vm.is_on(Plane::Data));
    assert!(
        operations
            .operations_in(operations.with_prefix("microsoft.compute/"))
            .all(|one| one.folded().starts_with("microsoft.compute/"))
    );
    let plain: Vec<&str> = operations
        .operations()
        .filter(|one| one.is_on(Plane::Data) && one.folded().starts_with("microsoft.keyvault/vaults/"))
        .map(Operation::name)
        .collect();
    let matching: Vec<&str> =
        operations.matching("Microsoft.KeyVault/vaults/*", Plane::Data).map(Operation::name).collect();
    assert!(!plain.is_empty());
    assert_eq!(matching, plain);
    assert!(operations.operations().all(|one| one.name() == one.name().trim()));
}

#[test]
fn names_are_found_and_described() {
    assert_eq!(search("Storage Blob Data Raeder", 1)[0].name, "Storage Blob Data Reader");
    assert_eq!(
        search("Microsoft.Compute/virtualMachine/read", 1)[0].name,
        "Microsoft.Compute/virtualMachines/read"
    );
    assert_eq!(describe("reader").unwrap()[0], ("role".to_owned(), vec!["Reader".to_owned()]));
    let rows = describe("Microsoft.Compute/virtualMachines/read").unwrap();
    assert!(rows.iter().any(|(label, values)| label == "roles" && values.contains(&"Reader".to_owned())));
    assert_eq!(describe("Nobody At All"), None);
}

#[test]
fn guids_are_read_strictly() {
    let text = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
    assert_eq!(format_guid(parse_guid(text).unwrap()), text);
    for wrong in [
        "",
        "0f1e2d3c",
        "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1fg",
        "+f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
        "0f1e2d3c4-b5a-6978-8796-a5b4c3d2e1f0",
    ] {
        assert_eq!(parse_guid(wrong), None, "{wrong}");
    }
}

#[test]
fn three_shapes_of_role_definitions_are_read() {
    let az = r#"[{"id":"/x","name":"0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0","roleName":"Blob Reader","roleType":"BuiltInRole","type":"Microsoft.Authorization/roleDefinitions",
        "assignableScopes":["/"],"permissions":[{"actions":["M.S/a/read"],"notActions":[],"dataActions":["M.S/b/read"],"notDataActions":["M.S/b/x"],"condition":null,"conditionVersion":null},
        {"actions":["M.S/c/*"],"notActions":["M.S/c/Delete"],"dataActions":[],"notDataActions":[],"condition":"(1)","conditionVersion":"2.0"}]},
        {"name":"1f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0","roleName":"Mine","roleType":"CustomRole","permissions":[]},
        {"name":"short","roleName":"Broken","roleType":"BuiltInRole","permissions":[]}]"#;
    let rest = r#"{"value":[{"name":"2f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0","properties":{"roleName":"Rest","type":"BuiltInRole","permissions":[{"actions":["*"]}]}}]}"#;
    let shell = r#"[{"Name":"Shell","Id":"3f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0","IsCustom":false,"Actions":["*/read"],"NotActions":[],"DataActions":[],"NotDataActions":[]}]"#;
    let files = [("az.json", az), ("rest.json", rest), ("shell.json", shell)]
        .map(|(path, text)| (path.to_owned(), text.to_owned()));
    let mut problems = Vec::new();
    let catalog = decode(&encode(&read_roles(&files, &mut problems)).unwrap()).unwrap();
    assert_eq!(problems, ["`az.json` has a role `Broken` without a GUID or a name; left out"]);
    assert_eq!(catalog.roles().map(Role::name).collect::<Vec<_>>(), ["Blob Reader", "Rest", "Shell"]);
    let reader = catalog.role("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0").unwrap();
    assert!(reader.allows("m.s/C/write", Plane::Control) && !reader.allows("M.S/c/delete", Plane::Control));
    assert!(reader.allows("M.S/b/read", Plane::Data) && !reader.allows("M.S/b/x", Plane::Data));
    assert_eq!(reader.blocks().nth(1).unwrap().condition(), Some("(1)"));
    assert!(catalog.role("shell").unwrap().allows("M.S/a/read", Plane::Control));
}

#[test]
fn provider_operations_are_read() {
    let text = r#"[{"displayName":"Storage","id":"/providers/Microsoft.Authorization/providerOperations/M.S","name":"M.S","operations":[{"name":"M.S/register/action","isDataAction":false}],
        "resourceTypes":[{"name":"accounts","operations":[{"name":"M.S/accounts/read","isDataAction":false},{"name":"M.S/accounts/blobs/read","isDataAction":true},{"name":"M.S/accounts/read "}]}],"type":"x"}]"#;
    let files =
        [("ops.json", text), ("empty.json", "[]")].map(|(path, text)| (path.to_owned(), text.to_owned()));
    let mut problems = Vec::new();
    let catalog =
        decode_operations(&encode_operations(&read_operations(&files, &mut problems)).unwrap()).unwrap();
    assert_eq!(catalog.counts(), [("control operations", 2), ("data operations", 1)]);
    assert!(catalog.find("m.s/accounts/blobs/read").unwrap().is_on(Plane::Data));
    assert_eq!(problems.len(), 1);
}

fn some_block() -> impl Strategy<Value = BlockSource> {
    let set = || proptest::collection::btree_set("[A-Ca-c/*]{1,4}", 0..5);
    let text = || proptest::option::of("[a-c(){}']{1,5}");
    (set(), set(), set(), set(), text(), text()).prop_map(
        |(actions, not_actions, data_actions, not_data_actions, condition, condition_version)| BlockSource {
            actions,
            not_actions,
            data_actions,
            not_data_actions,
            condition,
            condition_version,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_source_comes_back(roles in proptest::collection::btree_map(any::<u128>(), ("[A-Ca-c ]{1,3}", proptest::collection::vec(some_block(), 0..3)), 0..8), control: BTreeSet<bool>) {
        let mut source = AzureSource { sources: vec!["test".to_owned()], date: "2026-01-01".to_owned(), ..AzureSource::default() };
        for (guid, (name, blocks)) in roles {
            source.roles.insert(format_guid(guid.to_be_bytes()), RoleSource { name, blocks });
        }
        let catalog = decode(&encode(&source).unwrap()).unwrap();
        prop_assert_eq!(catalog.to_source(), source);
        let operations = control.iter().map(|data| ("A/b".to_owned(), if *data { Plane::Data } else { Plane::Control }));
        let source = OperationsSource { sources: Vec::new(), date: String::new(), operations: operations.collect() };
        prop_assert_eq!(decode_operations(&encode_operations(&source).unwrap()).unwrap().to_source(), source);
    }
}
