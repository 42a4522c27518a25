"""What PMapper takes for the paths to administrators of an account, beside `leastwise paths` in the same run.

    python3 benches/paths_peer.py target/release/leastwise ACCOUNT.json[.gz]...

An account is the answer of `aws iam get-account-authorization-details`. PMapper (`pip install principalmapper`) is given
it in place of the service, without compute resources; it then works out its edges and asks for each principal whether it
can escalate. Both are measured by the CPU time they take, leastwise with all it loads and prints.

PMapper 1.1.5 imports names that Python 3.10 moved; they are put back first. Policies that an account names and does not
hold are left out for PMapper, which stops at them.
"""

import collections
import collections.abc
import gzip
import json
import logging
import resource
import subprocess
import sys
import tempfile
import time

for moved in ("Mapping", "MutableMapping"):
    setattr(collections, moved, getattr(collections.abc, moved))

from principalmapper.common import Graph
from principalmapper.graphing import (
    autoscaling_edges,
    cloudformation_edges,
    codebuild_edges,
    ec2_edges,
    gathering,
    iam_edges,
    lambda_edges,
    sagemaker_edges,
    ssm_edges,
    sts_edges,
)
from principalmapper.querying.presets.privesc import can_privesc

logging.disable(logging.CRITICAL)


class Account:
    """Answers PMapper's calls from an export."""

    def __init__(self, details):
        known = {policy["Arn"] for policy in details["Policies"]}
        for kind in ("UserDetailList", "RoleDetailList", "GroupDetailList"):
            for one in details[kind]:
                held = one["AttachedManagedPolicies"]
                one["AttachedManagedPolicies"] = [policy for policy in held if policy["PolicyArn"] in known]
                one.setdefault("GroupList", [])
        self.pages = {
            "get_account_authorization_details": [details],
            "list_virtual_mfa_devices": [{"VirtualMFADevices": []}],
        }

    def get_paginator(self, operation):
        pages = self.pages[operation]
        return type("Pages", (), {"paginate": staticmethod(lambda **_: pages)})

    def list_access_keys(self, UserName):
        return {"AccessKeyMetadata": []}

    def get_login_profile(self, UserName):
        return {}

    def list_mfa_devices(self, UserName):
        return {"MFADevices": []}


def peer(details):
    """The number of principals that can escalate, and seconds of CPU time."""
    begun = time.process_time()
    found = gathering.get_nodes_groups_and_policies(Account(details))
    nodes = found["nodes"]
    gathering.update_admin_status(nodes)
    edges = []
    for module in (iam_edges, sts_edges, ec2_edges, ssm_edges, sagemaker_edges):
        edges += module.generate_edges_locally(nodes)
    for module in (lambda_edges, cloudformation_edges):
        edges += module.generate_edges_locally(nodes, [])
    for module in (codebuild_edges, autoscaling_edges):
        edges += module.generate_edges_locally(nodes, None, [])
    metadata = {"account_id": "123456789012", "pmapper_version": "1.1.5"}
    graph = Graph(nodes, edges, found["policies"], found["groups"], metadata)
    able = sum(1 for node in nodes if not node.is_admin and can_privesc(graph, node)[0])
    return able, time.process_time() - begun


def own(program, details):
    """The number of principals with a path, and seconds of CPU time."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(details, file)
        file.flush()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [program, "paths", "--format", "json", file.name]
        printed = subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return len({path["from"] for path in json.loads(printed)["paths"]}), spent


def main():
    program, *accounts = sys.argv[1:]
    print(f"{'account':30} {'leastwise':>20} {'PMapper':>20} {'ratio':>8}")
    for path in accounts:
        opened = gzip.open(path, "rt") if path.endswith(".gz") else open(path, encoding="utf-8")
        with opened as file:
            details = json.load(file)
        (found, spent), (theirs, longer) = own(program, details), peer(details)
        name = path.rsplit("/", 1)[-1]
        print(f"{name:30} {found:8} in {spent:7.2f} s {theirs:8} in {longer:7.2f} s {longer / spent:7.0f}x")


main()
