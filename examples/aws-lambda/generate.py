"""Writes the log of this example: 90 days of CloudTrail, in the folders that a trail makes of its bucket.

The events are made up, the same on every run. A thumbnail is made of each photo that comes in, a table keeps track, and
now and then a new environment of the function opens a log stream.
"""

import gzip
import json
import pathlib
from datetime import datetime, timedelta, timezone

ACCOUNT = "111122223333"
REGION = "eu-west-1"
START = datetime(2026, 6, 1, 4, 0, tzinfo=timezone.utc)
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:thumbnails"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/thumbnails"


def session():
    return {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLETHUMBNAIL:thumbnails",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/thumbnails/thumbnails",
        "accountId": ACCOUNT,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLETHUMBNAIL",
                "arn": f"arn:aws:iam::{ACCOUNT}:role/thumbnails",
                "accountId": ACCOUNT,
                "userName": "thumbnails",
            }
        },
    }


def user(name):
    return {
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLERELEASE01",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "accountId": ACCOUNT,
        "userName": name,
    }


def event(who, when, source, name, parameters, resources=(), error=None):
    record = {
        "eventVersion": "1.09",
        "userIdentity": who,
        "eventTime": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": source,
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": "203.0.113.17",
        "requestParameters": parameters,
        "resources": [{"accountId": ACCOUNT, "ARN": arn} for arn in resources],
        "eventType": "AwsApiCall",
        "recipientAccountId": ACCOUNT,
    }
    if error:
        record["errorCode"] = error
    return record


def on_object(when, name, bucket, key, error=None):
    parameters = {"bucketName": bucket, "key": key}
    resources = [f"arn:aws:s3:::{bucket}/{key}", f"arn:aws:s3:::{bucket}"]
    return event(session(), when, "s3.amazonaws.com", name, parameters, resources, error)


def one_day(day):
    when = START + timedelta(days=day)
    for number in range(3 + day % 4):
        when += timedelta(minutes=17)
        key = f"incoming/{when:%Y/%m/%d}/photo-{number}.jpg"
        yield on_object(when, "GetObject", "acme-photos", key)
        yield on_object(when, "PutObject", "acme-thumbnails", key.replace("incoming", "small"))
        parameters = {"tableName": "thumbnails", "key": {"photo": key}}
        yield event(session(), when, "dynamodb.amazonaws.com", "PutItem", parameters, [TABLE])
    if day % 3 == 0:
        parameters = {
            "logGroupName": "/aws/lambda/thumbnails",
            "logStreamName": f"{when:%Y/%m/%d}/[$LATEST]{day:032x}",
        }
        yield event(session(), when, "logs.amazonaws.com", "CreateLogStream", parameters)
    if day % 30 == 7:
        yield on_object(when, "GetObject", "acme-payroll", "2026.xlsx", error="AccessDenied")
        parameters = {"functionName": "thumbnails", "dryRun": False, "publish": True}
        yield event(user("release"), when, "lambda.amazonaws.com", "UpdateFunctionCode20150331v2", parameters, [FUNCTION])
    if day == 40:
        parameters = {"functionName": "thumbnails", "role": f"arn:aws:iam::{ACCOUNT}:role/thumbnails"}
        yield event(user("release"), when, "lambda.amazonaws.com", "UpdateFunctionConfiguration20150331v2", parameters, [FUNCTION])


def main():
    here = pathlib.Path(__file__).parent
    for week in range(0, 90, 7):
        records = [record for day in range(week, min(week + 7, 90)) for record in one_day(day)]
        when = START + timedelta(days=week)
        folder = here / "AWSLogs" / ACCOUNT / "CloudTrail" / REGION / f"{when:%Y/%m/%d}"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{ACCOUNT}_CloudTrail_{REGION}_{when:%Y%m%dT%H%MZ}_week{week // 7:02}.json.gz"
        text = json.dumps({"Records": records}, separators=(",", ":"))
        (folder / name).write_bytes(gzip.compress(text.encode(), mtime=0))


main()
