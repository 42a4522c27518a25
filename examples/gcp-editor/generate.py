#!/usr/bin/env python3
"""Writes audit-log.jsonl.gz: 90 days of Cloud Audit Logs of the project acme-media, the same in every run.

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
PROJECT = "acme-media"
UPLOADER = f"uploader@{PROJECT}.iam.gserviceaccount.com"
CI = f"ci-deployer@{PROJECT}.iam.gserviceaccount.com"
SITE = f"site-publisher@{PROJECT}.iam.gserviceaccount.com"
OWNER = "dana@acme.example"
ANALYST = "lee@acme.example"


def insert_id(moment, who, number):
    """Sixteen characters that differ between entries and never between runs."""
    return hashlib.sha256(f"{moment}{who}{number}".encode()).hexdigest()[:16]


def entry(moment, who, service, method, checks, resource, kind, labels, log, severity="INFO", status=None, number=0, via=None):
    authentication = {"principalEmail": who}
    if via:
        authentication["serviceAccountDelegationInfo"] = [{"firstPartyPrincipal": {"principalEmail": via}}]
    payload = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "status": status or {},
        "authenticationInfo": authentication,
        "requestMetadata": {
            "callerIp": "34.90.12.7" if who.endswith("gserviceaccount.com") else "203.0.113.24",
            "requestAttributes": {"time": moment.isoformat().replace("+00:00", "Z"), "auth": {}},
            "destinationAttributes": {},
        },
        "serviceName": service,
        "methodName": method,
        "authorizationInfo": [
            {"resource": on, "permission": permission, **({"granted": True} if granted else {}), "resourceAttributes": {}}
            for permission, on, granted in checks
        ],
        "resourceName": resource,
    }
    return {
        "protoPayload": payload,
        "insertId": insert_id(moment, who, number),
        "resource": {"type": kind, "labels": {"project_id": PROJECT, **labels}},
        "timestamp": moment.isoformat().replace("+00:00", "Z"),
        "severity": severity,
        "logName": f"projects/{PROJECT}/logs/cloudaudit.googleapis.com%2F{log}",
        "receiveTimestamp": (moment + datetime.timedelta(milliseconds=412)).isoformat().replace("+00:00", "Z"),
    }


def storage(moment, who, verb, bucket, name=None, granted=True, number=0, kind="objects"):
    on = f"projects/_/buckets/{bucket}" + (f"/objects/{name}" if name else "")
    status = None if granted else {"code": 7, "message": "PERMISSION_DENIED"}
    return entry(
        moment, who, "storage.googleapis.com", f"storage.{kind}.{verb}", [(f"storage.{kind}.{verb}", on, granted)], on,
        "gcs_bucket", {"bucket_name": bucket, "location": "europe-west4"}, "data_access",
        "INFO" if granted else "ERROR", status, number,
    )


def entries(rng):
    for day in range(DAYS):
        date = START + datetime.timedelta(days=day)

        # The uploader: three to eight pictures a day into one bucket, and nothing else.
        for number in range(rng.randint(3, 8)):
            moment = date + datetime.timedelta(seconds=rng.randrange(86400), milliseconds=rng.randrange(1000))
            picture = f"{date:%Y/%m/%d}/{rng.getrandbits(40):010x}.jpg"
            yield storage(moment, UPLOADER, "create", "acme-media-uploads", picture, number=number)

        # The site is published twice a week by its own account, for which the CI account makes a token.
        if date.weekday() in (1, 4):
            moment = date + datetime.timedelta(hours=9, minutes=rng.randrange(60))
            account = f"projects/-/serviceAccounts/{SITE}"
            yield entry(
                moment, CI, "iamcredentials.googleapis.com", "GenerateAccessToken",
                [("iam.serviceAccounts.getAccessToken", account, True)], account,
                "service_account", {"email_id": SITE, "unique_id": "104729000000000000001"}, "data_access",
            )
            for number, page in enumerate(["index.html", "gallery.html"]):
                later = moment + datetime.timedelta(seconds=20 + number)
                yield storage(later, SITE, "create", "acme-media-site", page, number=number)

        # People look at the uploads now and then.
        if date.weekday() == 0:
            moment = date + datetime.timedelta(hours=10, minutes=rng.randrange(60))
            yield storage(moment, ANALYST, "list", "acme-media-uploads")
        if day % 30 == 12:
            moment = date + datetime.timedelta(hours=14)
            yield entry(
                moment, OWNER, "cloudresourcemanager.googleapis.com", "SetIamPolicy",
                [("resourcemanager.projects.setIamPolicy", f"projects/{PROJECT}", True)], f"projects/{PROJECT}",
                "project", {}, "activity", "NOTICE",
            )

        # Calls that were refused: the analyst may not delete, a former colleague has no access.
        if day in (17, 44):
            moment = date + datetime.timedelta(hours=16, minutes=day)
            yield storage(moment, ANALYST, "delete", "acme-media-uploads", "2026/08/01/old.jpg", granted=False)
        if day == 60:
            moment = date + datetime.timedelta(hours=22, minutes=3)
            yield storage(moment, "sam@former.example", "list", "acme-media-archive", granted=False)


def main():
    rng = random.Random(20260801)
    lines = sorted(entries(rng), key=lambda one: (one["timestamp"], one["insertId"]))
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    target = pathlib.Path(__file__).with_name("audit-log.jsonl.gz")
    with target.open("wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=9, mtime=0) as packed:
        packed.write(text.encode())
    print(f"{len(lines)} entries, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
