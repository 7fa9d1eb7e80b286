// The strict judge: discovery, code with PKCE, state and iss checked, client_credentials, refresh, revocation.
// Reads its settings as JSON from the first argument. Asks on stdout for the person to visit a URL, and reads where
// the browser was sent from stdin.
import assert from 'node:assert/strict'
import { createInterface } from 'node:readline/promises'
import * as oauth from 'oauth4webapi'

const settings = JSON.parse(process.argv[2])
const http = { [oauth.allowInsecureRequests]: true }
const issuer = new URL(settings.issuer)

const discovered = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...http })
const server = await oauth.processDiscoveryResponse(issuer, discovered)
assert.deepEqual(server.code_challenge_methods_supported, ['S256'])
assert.equal(server.authorization_response_iss_parameter_supported, true)

const client = { client_id: settings.client_id }
const authentication = {
  basic: () => oauth.ClientSecretBasic(settings.client_secret),
  post: () => oauth.ClientSecretPost(settings.client_secret),
  none: () => oauth.None(),
}[settings.method]()

const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const url = new URL(server.authorization_endpoint)
url.search = new URLSearchParams({
  response_type: 'code',
  client_id: client.client_id,
  redirect_uri: settings.redirect_uri,
  scope: 'read',
  state,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
})
console.log(url.href)
const lines = createInterface({ input: process.stdin })
const { value: answer } = await lines[Symbol.asyncIterator]().next()
lines.close()

const parameters = oauth.validateAuthResponse(server, client, new URL(answer), state)
const granted = await oauth.processAuthorizationCodeResponse(
  server,
  client,
  await oauth.authorizationCodeGrantRequest(
    server, client, authentication, parameters, settings.redirect_uri, verifier, http,
  ),
)
assert.equal(granted.scope, 'read')
assert.equal(await opens(granted.access_token), 200)

const refreshed = await oauth.processRefreshTokenResponse(
  server,
  client,
  await oauth.refreshTokenGrantRequest(server, client, authentication, granted.refresh_token, http),
)
assert.notEqual(refreshed.refresh_token, granted.refresh_token)
assert.equal(await opens(refreshed.access_token), 200)

if (settings.method !== 'none') {
  const machine = await oauth.processClientCredentialsResponse(
    server,
    client,
    await oauth.clientCredentialsGrantRequest(server, client, authentication, { scope: 'read write' }, http),
  )
  assert.equal(machine.scope, 'read write')
  assert.equal(await opens(machine.access_token), 200)
}

await oauth.processRevocationResponse(
  await oauth.revocationRequest(server, client, authentication, refreshed.refresh_token, http),
)
assert.equal(await opens(refreshed.access_token), 401)
await assert.rejects(
  async () =>
    oauth.processRefreshTokenResponse(
      server,
      client,
      await oauth.refreshTokenGrantRequest(server, client, authentication, refreshed.refresh_token, http),
    ),
  { error: 'invalid_grant' },
)
console.log('done')

async function opens(token) {
  const response = await oauth.protectedResourceRequest(
    token, 'GET', new URL('/api', issuer), undefined, undefined, http,
  ).catch((error) => error.response ?? Promise.reject(error))
  return response.status
}
