#!/usr/bin/env python3
"""Writes the export of a subscription and 90 days of its logs, the same in every run.

Usage: python3 generate.py   (from any directory; needs nothing but Python)
"""

import datetime
import gzip
import hashlib
import json
import pathlib
import random

START = datetime.datetime(2026, 8, 1, tzinfo=datetime.timezone.utc)
DAYS = 91  # up to and including 2026-10-30
SUBSCRIPTION = "/subscriptions/3c9d7a10-52e4-4b1f-8a60-0000000000a1"
ACCOUNT = f"{SUBSCRIPTION}/resourceGroups/telemetry/providers/Microsoft.Storage/storageAccounts/acmetelemetry"
UPLOADER = "5f0e2c31-7d4a-4c58-9b02-0000000000b1"
ANALYST = "5f0e2c31-7d4a-4c58-9b02-0000000000b2"
OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
HERE = pathlib.Path(__file__).parent


def assignment(number, holder, name, kind, role, role_name, scope):
    guid = f"{number:08x}-1b2c-4d3e-8f40-0000000000c0"
    return {
        "condition": None,
        "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{guid}",
        "name": guid,
        "principalId": holder,
        "principalName": name,
        "principalType": kind,
        "roleDefinitionId": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        "roleDefinitionName": role_name,
        "scope": scope,
        "type": "Microsoft.Authorization/roleAssignments",
    }


def container(name):
    return {
        "id": f"{ACCOUNT}/blobServices/default/containers/{name}",
        "name": name,
        "type": "Microsoft.Storage/storageAccounts/blobServices/containers",
        "publicAccess": "None",
    }


ESTATE = {
    "role-assignments.json": [
        assignment(1, UPLOADER, "meter-uploader", "ServicePrincipal", CONTRIBUTOR, "Contributor", SUBSCRIPTION),
        assignment(2, ANALYST, "ida@acme.example", "User", BLOB_READER, "Storage Blob Data Reader", ACCOUNT),
    ],
    "deny-assignments-acme.json": [],
    "management-groups.json": {
        "id": "/providers/Microsoft.Management/managementGroups/acme",
        "name": "acme",
        "displayName": "Acme",
        "type": "Microsoft.Management/managementGroups",
        "children": [
            {
                "children": None,
                "displayName": "telemetry",
                "id": SUBSCRIPTION,
                "name": SUBSCRIPTION.rsplit("/", 1)[1],
                "type": "/subscriptions",
            }
        ],
    },
    "service-principals.json": [
        {
            "appId": "5f0e2c31-7d4a-4c58-9b02-0000000001b1",
            "displayName": "meter-uploader",
            "id": UPLOADER,
            "servicePrincipalType": "Application",
        }
    ],
    "users.json": [
        {
            "accountEnabled": True,
            "displayName": "Ida Holm",
            "id": ANALYST,
            "userPrincipalName": "ida@acme.example",
            "userType": "Member",
        }
    ],
    "storage-accounts.json": [
        {
            "id": ACCOUNT,
            "name": "acmetelemetry",
            "type": "Microsoft.Storage/storageAccounts",
            "kind": "StorageV2",
            "location": "westeurope",
            "allowBlobPublicAccess": False,
            "allowSharedKeyAccess": True,
            "primaryEndpoints": {"blob": "https://acmetelemetry.blob.core.windows.net/"},
        }
    ],
    "containers-acmetelemetry.json": [container("uploads"), container("billing")],
}


def stamp(moment):
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def listing(moment, status):
    """The keys of the account are read: one event when that starts, another when it is done."""
    operation = hashlib.sha256(stamp(moment).encode()).hexdigest()[:32]
    return {
        "authorization": {"action": "Microsoft.Storage/storageAccounts/listKeys/action", "scope": ACCOUNT},
        "caller": UPLOADER,
        "category": {"localizedValue": "Administrative", "value": "Administrative"},
        "claims": {OBJECT_ID: UPLOADER},
        "correlationId": operation,
        "eventTimestamp": stamp(moment),
        "level": "Informational",
        "operationId": operation,
        "operationName": {
            "localizedValue": "List Storage Account Keys",
            "value": "Microsoft.Storage/storageAccounts/listKeys/action",
        },
        "resourceId": ACCOUNT,
        "status": {"localizedValue": status, "value": status},
        "subStatus": {"localizedValue": "", "value": "OK" if status == "Succeeded" else ""},
        "subscriptionId": SUBSCRIPTION.rsplit("/", 1)[1],
    }


def call(moment, operation, category, status, path, identity):
    return {
        "time": stamp(moment),
        "resourceId": f"{ACCOUNT}/blobServices/default",
        "category": category,
        "operationName": operation,
        "operationVersion": "2025-11-05",
        "schemaVersion": "1.0",
        "statusCode": status,
        "statusText": "Success" if status < 400 else "AuthorizationPermissionMismatch",
        "durationMs": 9,
        "callerIpAddress": "198.51.100.23:41852",
        "location": "westeurope",
        "properties": {"accountName": "acmetelemetry", "serviceType": "blob", "objectKey": f"/acmetelemetry/{path}"},
        "uri": f"https://acmetelemetry.blob.core.windows.net:443/{path}",
        "protocol": "HTTPS",
        "resourceType": "Microsoft.Storage/storageAccounts/blobServices",
        "identity": identity,
    }


KEY = {"type": "AccountKey", "tokenHash": "key1(" + hashlib.sha256(b"key1").hexdigest().upper() + ")"}


def oauth(action, result):
    return {
        "type": "OAuth",
        "requester": {"objectId": ANALYST, "audience": "https://storage.azure.com/"},
        "authorization": [{"action": action, "result": result, "reason": "Policy", "type": "RBAC"}],
    }


def main():
    rng = random.Random(20260801)
    activity, calls = [], []
    blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/"
    for day in range(DAYS):
        date = START + datetime.timedelta(days=day)
        # The uploader starts anew every Monday, reads the keys of the account, and works with one of them.
        if date.weekday() == 0 or day == 0:
            activity += [listing(date, "Started"), listing(date + datetime.timedelta(seconds=1), "Succeeded")]
        for number in range(rng.randint(3, 7)):
            moment = date + datetime.timedelta(seconds=60 + rng.randrange(86000), milliseconds=rng.randrange(1000))
            path = f"uploads/{date:%Y/%m/%d}/{rng.getrandbits(40):010x}.csv"
            calls.append(call(moment, "PutBlob", "StorageWrite", 201, path, KEY))
        # The analyst reads with a role of her own, and may not delete.
        if date.weekday() == 2:
            moment = date + datetime.timedelta(hours=10)
            calls.append(
                call(moment, "ListBlobs", "StorageRead", 200, "uploads", oauth(blobs + "read", "Granted"))
            )
        if day == 40:
            moment = date + datetime.timedelta(hours=15)
            identity = oauth(blobs + "delete", "Denied")
            calls.append(call(moment, "DeleteBlob", "StorageDelete", 403, "uploads/old.csv", identity))
    for name, value in ESTATE.items():
        (HERE / "estate" / name).write_text(json.dumps(value, indent=2) + "\n")
    (HERE / "logs" / "activity-log.json").write_text(json.dumps(activity, indent=1) + "\n")
    calls.sort(key=lambda one: one["time"])
    text = "".join(json.dumps(one, separators=(",", ":")) + "\n" for one in calls)
    target = HERE / "logs" / "storage-log.jsonl.gz"
    with target.open("wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=9, mtime=0) as packed:
        packed.write(text.encode())
    print(f"{len(activity)} events, {len(calls)} calls, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
