// Decides the cases with @cloud-copilot/iam-simulate, if it is installed, and prints how many decisions it makes in a
// second of CPU time: with reading the policies each time, and with policies that were read once.
//
// node decisions_peer.mjs FOLDER CASES, where FOLDER holds `node_modules`.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [folder, cases] = process.argv.slice(2)
const scope = join(folder, 'node_modules', '@cloud-copilot')
const load = (path) => import(pathToFileURL(join(scope, path)))
const { authorize } = await load('iam-simulate/dist/esm/core_engine/CoreSimulatorEngine.js')
const { AwsRequestImpl } = await load('iam-simulate/dist/esm/request/request.js')
const { RequestContextImpl } = await load('iam-simulate/dist/esm/requestContext.js')
const { loadPolicy } = await load('iam-policy/dist/esm/index.js')

const parsed = readFileSync(cases, 'utf8').trim().split('\n').map((line) => JSON.parse(line))
const account = (arn) => (/^[0-9]{12}$/.test(arn.split(':')[4] ?? '') ? arn.split(':')[4] : undefined)
const list = (documents, name) => (documents ?? []).map((one, at) => loadPolicy(one, { name: `${name}${at}` }))
const levels = (given) =>
  (given ?? []).map((level, at) => ({ orgIdentifier: `level${at}`, policies: list(level, 'level') }))
const full = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }] }

function read({ request, policies = {} }) {
  const resource = {
    resource: request.resource,
    accountId: request.resource_account ?? account(request.resource) ?? account(request.principal),
  }
  const context = new RequestContextImpl(request.context ?? {})
  const optional = (documents, name) => (documents?.length ? list(documents, name) : undefined)
  return {
    request: new AwsRequestImpl(request.principal, resource, request.action, context),
    sessionPolicy: policies.session?.length ? loadPolicy(policies.session[0], { name: 'session' }) : undefined,
    identityPolicies: list(policies.identity, 'identity'),
    serviceControlPolicies: levels(policies.service_control),
    resourceControlPolicies: levels(policies.resource_control).map((level) => ({
      ...level,
      policies: [loadPolicy(full, { name: 'full' }), ...level.policies],
    })),
    resourcePolicy: policies.resource ? loadPolicy(policies.resource, { name: 'resource' }) : undefined,
    permissionBoundaries: optional(policies.permission_boundaries, 'boundary'),
    vpcEndpointPolicies: optional(policies.vpc_endpoint, 'endpoint'),
    simulationParameters: { simulationMode: 'Strict', discoveryContextKeyConstraints: new Map() },
  }
}

// Cases that it refuses are left out for it.
const usable = parsed.filter((one) => {
  try {
    authorize(read(one))
    return true
  } catch {
    return false
  }
})
if (usable.length < parsed.length / 2) throw new Error(`only ${usable.length} of ${parsed.length} cases can be decided`)

function rate(work) {
  let best = 0
  for (let run = 0; run < 5; run++) {
    const before = process.cpuUsage()
    const until = Date.now() + 600
    let rounds = 0
    while (Date.now() < until) {
      work()
      rounds++
    }
    const { user, system } = process.cpuUsage(before)
    best = Math.max(best, (rounds * usable.length * 1e6) / (user + system))
  }
  return best
}

const ready = usable.map(read)
const reading = rate(() => usable.forEach((one) => authorize(read(one))))
const once = rate(() => ready.forEach((one) => authorize(one)))
console.log(`${reading.toFixed(0)} ${once.toFixed(0)}`)
