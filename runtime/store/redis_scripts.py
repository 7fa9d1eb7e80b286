"""The operations of the Redis store: one Lua script each, so that nothing comes between its steps.

Every script is given the prefix of all keys as KEYS[1]. Keys behind it:

    layout                      the version of all this
    sequence                    the last number given to a record, for the order of lists
    user:ID application:ID credential:TYPE:ID token:ID code:DIGEST session:DIGEST revoked:FAMILY
                                one record each, a hash of texts
    users applications credentials scopes
                                all of them in the order of their making
    usernames                   id by username; names:USER  application by name; named:NAME  applications of that name
    applications:USER           the applications of a user
    credentials:user:ID credentials:application:ID
                                the credentials of a consumer; holders:SCOPE  the credentials that hold a scope
    grants:user:ID grants:application:ID family:FAMILY
                                codes, tokens and sessions that go when those go, by the end of their life
    expiry                      all that expires, by the end of its life, for `purge`
    carried                     digests of what `egc migrate` has brought, in the order of their coming
    failure:DIGEST limit:DIGEST wrong guesses, and hits of a rate limit

What expires has a time to live, too, `_GRACE` longer than its life, for a Redis that no gateway tidies. The stored time
is what counts: clocks may differ. A life that is over by Redis's own clock gets no time to live but waits for `purge`.
"""

from dataclasses import dataclass, field
from hashlib import sha1


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script and the digest that Redis knows it by."""

    text: str
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", sha1(self.text.encode(), usedforsecurity=False).hexdigest())


_HEAD = "local P, call = KEYS[1], redis.call\n"

_NEXT = "local function next_number() return call('INCR', P..'sequence') end\n"

_EXPIRING = """
local GRACE = 3600
local clock = call('TIME')
local real = tonumber(clock[1]) + tonumber(clock[2]) / 1000000

local function live_until(key, at)
  local left = math.ceil((at + GRACE - real) * 1000)
  if at > real and left > call('PTTL', key) then call('PEXPIRE', key, string.format('%.0f', left)) end
end

local function list_under(key, ref, at, text)
  local oldest = call('ZRANGE', key, 0, 0, 'WITHSCORES')
  if oldest[1] and tonumber(oldest[2]) + GRACE < real and call('EXISTS', P..oldest[1]) == 0 then
    call('ZREM', key, oldest[1])
  end
  call('ZADD', key, text, ref)
  live_until(key, at)
end

-- `text` is the end of its life; the fields may name a client, a user and a family, which are given again.
local function remember(ref, text, client, user, family, fields)
  local at = tonumber(text)
  call('HSET', P..ref, unpack(fields))
  live_until(P..ref, at)
  call('ZADD', P..'expiry', text, ref)
  if client then list_under(P..'grants:application:'..client, ref, at, text) end
  if user then list_under(P..'grants:user:'..user, ref, at, text) end
  if family then list_under(P..'family:'..family, ref, at, text) end
end
"""

_FORGET = """
local function forget(ref)
  local owners = call('HMGET', P..ref, 'client_id', 'user_id', 'family')
  if owners[1] then call('ZREM', P..'grants:application:'..owners[1], ref) end
  if owners[2] then call('ZREM', P..'grants:user:'..owners[2], ref) end
  if owners[3] then call('ZREM', P..'family:'..owners[3], ref) end
  call('ZREM', P..'expiry', ref)
  return call('DEL', P..ref)
end
"""

_FAMILIES = (
    _EXPIRING
    + _FORGET
    + """
local REVOKED_KEPT = 3600

-- How many of its tokens had not expired at `live`.
local function revoke_family(family, now, live)
  local latest, gone = tonumber(now), 0
  local members = call('ZRANGE', P..'family:'..family, 0, -1, 'WITHSCORES')
  for at = 1, #members, 2 do
    local ref = members[at]
    latest = math.max(latest, tonumber(members[at + 1]))
    if string.sub(ref, 1, 5) == 'code:' then
      if call('EXISTS', P..ref) == 1 then call('HSET', P..ref, 'is_spent', '1') end
    elseif call('HGET', P..ref, 'is_spent') ~= '1' then
      if forget(ref) == 1 and live and tonumber(members[at + 1]) > tonumber(live) then gone = gone + 1 end
    end
  end
  local ending = string.format('%.17g', latest + REVOKED_KEPT)
  remember('revoked:'..family, ending, nil, nil, nil, {'expires_at', ending})
  return gone
end

-- All or none: false if a family is revoked, or a client or user is gone.
local function insert_tokens(text)
  local tokens, seen = cjson.decode(text), {}
  for _, token in ipairs(tokens) do
    local id, client, user, family = token[1], token[3], token[4], token[5]
    if seen[id] or call('EXISTS', P..'token:'..id) == 1 or call('EXISTS', P..'revoked:'..family) == 1
      or call('EXISTS', P..'application:'..client) == 0
      or (user ~= '' and call('EXISTS', P..'user:'..user) == 0) then
      return false
    end
    seen[id] = true
  end
  for _, token in ipairs(tokens) do
    remember('token:'..token[1], token[2], token[3], token[4] ~= '' and token[4], token[5], token[6])
  end
  return true
end
"""
)

_CREDENTIALS = """
local function release(ref)
  local row = call('HMGET', P..'credential:'..ref, 'scopes', 'owner', 'consumer_id')
  if not row[2] then return 0 end
  if row[1] then
    for _, scope in ipairs(cjson.decode(row[1])) do call('SREM', P..'holders:'..scope, ref) end
  end
  call('ZREM', P..'credentials', ref)
  call('ZREM', P..'credentials:'..row[2]..':'..row[3], ref)
  return call('DEL', P..'credential:'..ref)
end

local function known_scopes(text)
  if text == '' then return true end
  for _, scope in ipairs(cjson.decode(text)) do
    if not call('ZSCORE', P..'scopes', scope) then return false end
  end
  return true
end

local function hold(ref, text)
  if text == '' then return end
  for _, scope in ipairs(cjson.decode(text)) do call('SADD', P..'holders:'..scope, ref) end
end
"""

_APPLICATIONS = (
    _FORGET
    + _CREDENTIALS
    + """
local function clear(kind, id)
  for _, ref in ipairs(call('ZRANGE', P..'credentials:'..kind..':'..id, 0, -1)) do release(ref) end
  for _, ref in ipairs(call('ZRANGE', P..'grants:'..kind..':'..id, 0, -1)) do forget(ref) end
  call('DEL', P..'credentials:'..kind..':'..id, P..'grants:'..kind..':'..id, P..kind..':'..id)
  call('ZREM', P..kind..'s', id)
end

local function delete_application(id)
  local row = call('HMGET', P..'application:'..id, 'user_id', 'name')
  if not row[1] then return end
  if row[2] then
    call('HDEL', P..'names:'..row[1], row[2])
    call('ZREM', P..'named:'..row[2], id)
  end
  call('ZREM', P..'applications:'..row[1], id)
  clear('application', id)
end
"""
)

# One text of JSON is read much faster than many answers: for what is asked with every request.
_PACK = """
local function pack(row, count)
  for at = 1, count do row[at] = row[at] or cjson.null end
  return row
end
"""

# `user` and `application`: the hashes' fields in the order in which records are read (redis_fields).
_USER = "'id', 'username', 'is_active', 'created_at', 'updated_at', 'properties'"
_APPLICATION = "'id', 'user_id', 'is_active', 'created_at', 'updated_at', 'properties'"
_CREDENTIAL = "'type', 'id', 'consumer_id', 'is_active', 'created_at', 'updated_at', 'secret', 'scopes', 'properties'"
_BEARER = (
    "'id', 'digest', 'kind', 'client_id', 'user_id', 'scopes', 'grant', 'family', 'created_at', 'expires_at', "
    "'is_spent'"
)
_CODE = (
    "'digest', 'client_id', 'user_id', 'redirect_uri', 'scopes', 'code_challenge', 'code_challenge_method', 'family', "
    "'expires_at', 'is_spent'"
)
_SESSION = "'id', 'user_id', 'data', 'created_at', 'expires_at'"


def _script(*parts: str) -> Script:
    return Script(_HEAD + "".join(parts))


def _read(kind: str, fields: str) -> Script:
    """The record of that id, or nothing."""
    return _script(f"""
local row = call('HMGET', P..'{kind}:'..ARGV[1], {fields})
return row[1] and row
""")


def _page(kind: str, fields: str) -> Script:
    """ARGV: the number to begin behind, and how many. The rows, and the number of the last one if there are more."""
    return _script(f"""
local count = tonumber(ARGV[2])
local found = call('ZRANGEBYSCORE', P..'{kind}s', '('..ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, count + 1)
local rows, last = {{}}, '0'
for at = 1, math.min(#found / 2, count) do
  rows[at] = call('HMGET', P..'{kind}:'..found[2 * at - 1], {fields})
  last = found[2 * at]
end
return {{#found / 2 > count and last or '0', rows}}
""")


def _listed(index: str, kind: str, fields: str) -> Script:
    """The records that an index names, in its order. ARGV: what follows the index's name in its key."""
    return _script(f"""
local rows = {{}}
for _, id in ipairs(call('ZRANGE', P..'{index}'..ARGV[1], 0, -1)) do
  rows[#rows + 1] = call('HMGET', P..'{kind}:'..id, {fields})
end
return rows
""")


# ---- Layout

LAYOUT = _script("""
call('SET', P..'layout', ARGV[1], 'NX')
return call('GET', P..'layout')
""")
"""ARGV: the version of an empty store. The version that there is."""

LOOK = _script("return call('GET', P..'layout') or ARGV[1]")
"""As LAYOUT, but writes nothing."""

CHECK = _script("""
call('SET', P..'checked_at', ARGV[1])
return call('GET', P..'layout')
""")

# ---- Users

CREATE_USER = _script(
    _NEXT,
    """
local id, username = ARGV[1], ARGV[2]
if call('HEXISTS', P..'usernames', username) == 1 then return 'username' end
if call('EXISTS', P..'user:'..id) == 1 then return 'id' end
call('HSET', P..'user:'..id, unpack(ARGV, 3))
call('HSET', P..'usernames', username, id)
call('ZADD', P..'users', next_number(), id)
return ''
""",
)
"""ARGV: id, username, fields. What is taken, or nothing."""

GET_USER = _read("user", _USER)

FIND_USER = _script(f"""
local id = call('HGET', P..'usernames', ARGV[1])
return id and call('HMGET', P..'user:'..id, {_USER})
""")

LIST_USERS = _page("user", _USER)

UPDATE = _script("""
local key, seen = P..ARGV[1], ARGV[2]
local known = call('HGET', key, 'updated_at')
if not known or (seen ~= '' and tonumber(seen) ~= tonumber(known)) then return 0 end
call('HSET', key, unpack(ARGV, 3))
return 1
""")
"""ARGV: the key of a record, the time of change that was seen, fields."""

SET_USER_ACTIVE = _script("""
local id, active, now = ARGV[1], ARGV[2], ARGV[3]
if call('EXISTS', P..'user:'..id) == 0 then return end
call('HSET', P..'user:'..id, 'is_active', active, 'updated_at', now)
if active == '1' then return end
for _, application in ipairs(call('ZRANGE', P..'applications:'..id, 0, -1)) do
  if call('HGET', P..'application:'..application, 'is_active') == '1' then
    call('HSET', P..'application:'..application, 'is_active', '0', 'updated_at', now)
  end
end
""")

DELETE_USER = _script(
    _APPLICATIONS,
    """
local id = ARGV[1]
local username = call('HGET', P..'user:'..id, 'username')
if not username then return end
for _, application in ipairs(call('ZRANGE', P..'applications:'..id, 0, -1)) do delete_application(application) end
call('HDEL', P..'usernames', username)
call('DEL', P..'names:'..id, P..'applications:'..id)
clear('user', id)
""",
)

# ---- Applications

CREATE_APPLICATION = _script(
    _NEXT,
    """
local id, owner, name = ARGV[1], ARGV[2], ARGV[3]
if call('EXISTS', P..'user:'..owner) == 0 then return 'userId' end
if name ~= '' and call('HEXISTS', P..'names:'..owner, name) == 1 then return 'name' end
if call('EXISTS', P..'application:'..id) == 1 then return 'id' end
local number = next_number()
call('HSET', P..'application:'..id, 'number', number, unpack(ARGV, 4))
call('ZADD', P..'applications', number, id)
call('ZADD', P..'applications:'..owner, number, id)
if name ~= '' then
  call('HSET', P..'application:'..id, 'name', name)
  call('HSET', P..'names:'..owner, name, id)
  call('ZADD', P..'named:'..name, number, id)
end
return ''
""",
)
"""ARGV: id, owner, name, fields. What is wrong, or nothing."""

GET_APPLICATION = _read("application", _APPLICATION)
FIND_APPLICATIONS = _listed("named:", "application", _APPLICATION)
LIST_APPLICATIONS = _page("application", _APPLICATION)
APPLICATIONS_OF = _listed("applications:", "application", _APPLICATION)

UPDATE_APPLICATION = _script("""
local id, seen, name = ARGV[1], ARGV[2], ARGV[3]
local key = P..'application:'..id
local row = call('HMGET', key, 'updated_at', 'user_id', 'name', 'number')
if not row[1] or (seen ~= '' and tonumber(seen) ~= tonumber(row[1])) then return 'gone' end
local owner, old = row[2], row[3] or ''
if name ~= old then
  if name ~= '' and call('HEXISTS', P..'names:'..owner, name) == 1 then return 'name' end
  if old ~= '' then
    call('HDEL', P..'names:'..owner, old)
    call('ZREM', P..'named:'..old, id)
    call('HDEL', key, 'name')
  end
  if name ~= '' then
    call('HSET', key, 'name', name)
    call('HSET', P..'names:'..owner, name, id)
    call('ZADD', P..'named:'..name, row[4], id)
  end
end
call('HSET', key, unpack(ARGV, 4))
return ''
""")
"""ARGV: id, the time of change that was seen, name, fields."""

DELETE_APPLICATION = _script(_APPLICATIONS, "delete_application(ARGV[1])")

# ---- Credentials

CREATE_CREDENTIAL = _script(
    _NEXT,
    _CREDENTIALS,
    """
local type, id, consumer, scopes = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if not known_scopes(scopes) then return 'scopes' end
local owner = call('EXISTS', P..'user:'..consumer) == 1 and 'user'
  or call('EXISTS', P..'application:'..consumer) == 1 and 'application'
if not owner then return 'consumer' end
local ref = type..':'..id
local active = call('HGET', P..'credential:'..ref, 'is_active')
if active and (type == 'key-auth' or type == 'jwt') then return 'keyId' end
if active == '1' then return 'consumerId' end
release(ref)
local number = next_number()
call('HSET', P..'credential:'..ref, 'owner', owner, unpack(ARGV, 5))
call('ZADD', P..'credentials', number, ref)
call('ZADD', P..'credentials:'..owner..':'..consumer, number, ref)
hold(ref, scopes)
return ''
""",
)
"""ARGV: type, id, consumer, scopes as JSON or '', fields. What is wrong, or nothing."""

GET_CREDENTIAL = _read("credential", _CREDENTIAL)

IDENTIFY = _script(
    _PACK,
    f"""
local type, name = ARGV[1], ARGV[2]
local function application(id)
  local row = call('HMGET', P..'application:'..id, {_APPLICATION})
  return row[3] == '1' and row
end
local function user(id)
  local row = call('HMGET', P..'user:'..id, {_USER})
  return row[3] == '1' and row
end
local kind, consumer, key = 'application', nil, name
if type == 'basic-auth' or type == 'oauth2' then
  consumer = application(name)
  if not consumer then
    kind, consumer = 'user', user(name)
    local id = not consumer and call('HGET', P..'usernames', name)
    if id then consumer = user(id) end
  end
  if not consumer then return false end
  key = consumer[1]
end
local credential = call('HMGET', P..'credential:'..type..':'..key, {_CREDENTIAL})
if credential[4] ~= '1' then return false end
if not consumer then
  consumer = application(credential[3])
  if not consumer then kind, consumer = 'user', user(credential[3]) end
end
return consumer and cjson.encode({{pack(credential, 9), kind, consumer}})
""",
)
"""ARGV: type, name. The credential, what its consumer is, and the consumer, as JSON; nothing unless both are active."""

CREDENTIALS_OF = _script(f"""
local rows = {{}}
for _, kind in ipairs({{'user', 'application'}}) do
  for _, ref in ipairs(call('ZRANGE', P..'credentials:'..kind..':'..ARGV[1], 0, -1)) do
    rows[#rows + 1] = call('HMGET', P..'credential:'..ref, {_CREDENTIAL})
  end
end
return rows
""")

LIST_CREDENTIALS = _page("credential", _CREDENTIAL)

UPDATE_CREDENTIAL = _script(
    _CREDENTIALS,
    """
local ref, seen, scopes = ARGV[1], ARGV[2], ARGV[3]
if not known_scopes(scopes) then return 'scopes' end
local key = P..'credential:'..ref
local row = call('HMGET', key, 'updated_at', 'scopes')
if not row[1] or (seen ~= '' and tonumber(seen) ~= tonumber(row[1])) then return 'gone' end
if row[2] then
  for _, scope in ipairs(cjson.decode(row[2])) do call('SREM', P..'holders:'..scope, ref) end
end
hold(ref, scopes)
call('HDEL', key, 'secret', 'scopes')
call('HSET', key, unpack(ARGV, 4))
return ''
""",
)
"""ARGV: type and id, the time of change that was seen, scopes as JSON or '', fields."""

DELETE_CREDENTIAL = _script(_CREDENTIALS, "return release(ARGV[1])")

# ---- What was carried here

LIST_CARRIED = _script("""
local start = tonumber(ARGV[1])
return call('LRANGE', P..'carried', start, start + tonumber(ARGV[2]) - 1)
""")

NOTE_CARRIED = _script("call('RPUSH', P..'carried', unpack(ARGV)) return 1")

# ---- Scopes

LIST_SCOPES = _script("return call('ZRANGE', P..'scopes', 0, -1)")

CREATE_SCOPES = _script(
    _NEXT,
    """
for _, scope in ipairs(ARGV) do
  if call('ZSCORE', P..'scopes', scope) then return 0 end
end
for _, scope in ipairs(ARGV) do
  if not call('ZSCORE', P..'scopes', scope) then call('ZADD', P..'scopes', next_number(), scope) end
end
return 1
""",
)

DELETE_SCOPE = _script("""
local gone = ARGV[1]
if call('ZREM', P..'scopes', gone) == 0 then return 0 end
for _, ref in ipairs(call('SMEMBERS', P..'holders:'..gone)) do
  local left = {}
  for _, scope in ipairs(cjson.decode(call('HGET', P..'credential:'..ref, 'scopes'))) do
    if scope ~= gone then left[#left + 1] = scope end
  end
  call('HSET', P..'credential:'..ref, 'scopes', #left > 0 and cjson.encode(left) or '[]')
end
call('DEL', P..'holders:'..gone)
return 1
""")

# ---- Codes

CREATE_CODE = _script(
    _EXPIRING,
    """
local digest, text, client, user, family = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
if call('EXISTS', P..'code:'..digest) == 1 then return 0 end
if call('EXISTS', P..'application:'..client) == 1 and call('EXISTS', P..'user:'..user) == 1 then
  remember('code:'..digest, text, client, user, family, {unpack(ARGV, 6)})
end
return 1
""",
)
"""ARGV: digest, end of life, client, user, family, fields. 0 if there is such a code."""

GET_CODE = _read("code", _CODE)

REDEEM_CODE = _script(
    _FAMILIES,
    f"""
local ref, now = 'code:'..ARGV[1], ARGV[2]
local row = call('HMGET', P..ref, {_CODE})
if not row[1] then return false end
if row[10] == '1' then
  revoke_family(row[8], ARGV[3])
  return false
end
if tonumber(row[9]) <= tonumber(now) then return false end
call('HSET', P..ref, 'is_spent', '1')
return insert_tokens(ARGV[4]) and row
""",
)
"""ARGV: digest, now, the clock of this gateway, tokens."""

# ---- Tokens

SAVE_TOKENS = _script(_FAMILIES, "return insert_tokens(ARGV[1]) and 1 or 0")

AUTHENTICATE = _script(
    _PACK,
    f"""
local token = call('HMGET', P..'token:'..ARGV[1], {_BEARER})
if token[3] ~= 'access' or token[11] ~= '0' then return false end
local client = call('HMGET', P..'application:'..token[4], {_APPLICATION})
if client[3] ~= '1' then return false end
local user = false
if token[5] then
  user = call('HMGET', P..'user:'..token[5], {_USER})
  if user[3] ~= '1' then return false end
end
return cjson.encode({{pack(token, 11), client, user}})
""",
)
"""ARGV: token. It with its client and user, as JSON, where all are as they must be."""

GET_TOKEN = _read("token", _BEARER)

FIND_TOKENS = _script(f"""
local rows = {{}}
for _, ref in ipairs(call('ZRANGEBYSCORE', P..'grants:application:'..ARGV[1], '('..ARGV[2], '+inf')) do
  if string.sub(ref, 1, 6) == 'token:' then
    local row = call('HMGET', P..ref, {_BEARER})
    if row[11] == '0' then rows[#rows + 1] = row end
  end
end
return rows
""")

ROTATE = _script(
    _FAMILIES,
    """
local key = P..'token:'..ARGV[1]
local row = call('HMGET', key, 'kind', 'is_spent')
if row[1] == 'refresh' and row[2] == '0' then
  call('HSET', key, 'is_spent', '1')
  if insert_tokens(ARGV[4]) then return 1 end
end
revoke_family(ARGV[2], ARGV[3])
return 0
""",
)
"""ARGV: token, family, the clock of this gateway, successors."""

REVOKE_TOKEN = _script(
    _FORGET,
    """
local ref = 'token:'..ARGV[1]
if call('HGET', P..ref, 'is_spent') ~= '0' then return 0 end
return forget(ref)
""",
)

REVOKE_FAMILY = _script(_FAMILIES, "revoke_family(ARGV[1], ARGV[2])")

_GRANTS = """
local function grants_of(id)
  return P..'grants:'..(call('EXISTS', P..'application:'..id) == 1 and 'application:' or 'user:')..id
end
"""

TOKENS_OF = _script(
    _GRANTS,
    f"""
local key, now, since, last, count = grants_of(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4], tonumber(ARGV[5])
local rows, at, found = {{}}, 0, nil
repeat
  found = call('ZRANGEBYSCORE', key, since, '+inf', 'WITHSCORES', 'LIMIT', at, 200)
  for each = 1, #found, 2 do
    local ref, ends = found[each], tonumber(found[each + 1])
    if #rows <= count and ends > now and string.sub(ref, 1, 6) == 'token:'
      and (ends > tonumber(since) or ref > 'token:'..last) then
      local row = call('HMGET', P..ref, {_BEARER})
      if row[11] == '0' then rows[#rows + 1] = row end
    end
  end
  at = at + 200
until #found < 400 or #rows > count
return rows
""",
)
"""ARGV: consumer, now, end of life and id to begin behind, how many. One more than that, if there are more."""

FAMILIES_OF = _script(
    _GRANTS,
    """
local families, seen = {}, {}
for _, ref in ipairs(call('ZRANGE', grants_of(ARGV[1]), 0, -1)) do
  local family = call('HGET', P..ref, 'family')
  if family and not seen[family] then
    seen[family] = true
    families[#families + 1] = family
  end
end
return families
""",
)

REVOKE_FAMILIES = _script(
    _FAMILIES,
    """
local gone = 0
for at = 3, #ARGV do gone = gone + revoke_family(ARGV[at], ARGV[1], ARGV[2]) end
return gone
""",
)
"""ARGV: the clock of this gateway, now, families. How many tokens that had not expired now have gone."""

# ---- Sessions and guesses

SAVE_SESSION = _script(
    _EXPIRING,
    _FORGET,
    """
local ref, replaces, text, user = 'session:'..ARGV[1], ARGV[2], ARGV[3], ARGV[4]
forget(ref)
if replaces ~= '' then forget('session:'..replaces) end
if user == '' or call('EXISTS', P..'user:'..user) == 1 then
  remember(ref, text, nil, user ~= '' and user, nil, {unpack(ARGV, 5)})
end
""",
)
"""ARGV: id, the one that is replaced or '', end of life, user or '', fields."""

GET_SESSION = _read("session", _SESSION)

DELETE_SESSION = _script(_FORGET, "return forget('session:'..ARGV[1])")

END_SESSIONS = _script(
    _FORGET,
    """
local gone = 0
for _, ref in ipairs(call('ZRANGE', P..'grants:user:'..ARGV[1], 0, -1)) do
  if string.sub(ref, 1, 8) == 'session:' then gone = gone + forget(ref) end
end
return gone
""",
)

RECORD_FAILURE = _script(
    _NEXT,
    _EXPIRING,
    """
local ref, now, ending, since = 'failure:'..ARGV[1], ARGV[2], ARGV[3], ARGV[4]
call('ZREMRANGEBYSCORE', P..ref, '-inf', since)
call('ZADD', P..ref, now, next_number())
call('ZADD', P..'expiry', ending, ref)
live_until(P..ref, tonumber(ending))
return call('ZCARD', P..ref)
""",
)
"""ARGV: key, now, when this one is forgotten, when those were made that are forgotten by now."""

FAILURES = _script("return call('ZCOUNT', P..'failure:'..ARGV[1], '('..ARGV[2], '+inf')")

CLEAR_FAILURES = _script("""
call('ZREM', P..'expiry', 'failure:'..ARGV[1])
return call('DEL', P..'failure:'..ARGV[1])
""")

# ---- Rate limits

_TAKE_BACK = """
local function take_back(key, ending)
  local row = call('HMGET', key, 'ends', 'hits')
  if row[1] and tonumber(row[1]) == tonumber(ending) and tonumber(row[2]) > 0 then call('HINCRBY', key, 'hits', -1) end
end
"""

HIT = _script(
    _TAKE_BACK,
    """
local key, window, now = P..'limit:'..ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
for at = 4, #ARGV do take_back(key, ARGV[at]) end
local known = call('HGET', key, 'ends')
local ending = known and tonumber(known) or now
if now < ending and ending - now <= 2 * window then
  return {call('HINCRBY', key, 'hits', 1), string.format('%.17g', ending)}
end
local hits = now < ending and call('HINCRBY', key, 'hits', 1) or 1
local text = string.format('%.17g', now + window)
call('HSET', key, 'hits', hits, 'ends', text)
call('PEXPIRE', key, string.format('%.0f', math.min(math.ceil((window + math.min(window, 60)) * 1000), 1e15)))
return {hits, text}
""",
)
"""ARGV: key, window, now, the ends of windows in which hits are taken back first.

A window that ends later than two windows from now was begun by a clock that has been put back since; less than that is
the difference between the clocks of two gateways, and no reason to end anybody's window early.
"""

UNHIT = _script(_TAKE_BACK, "for at = 2, #ARGV do take_back(P..'limit:'..ARGV[1], ARGV[at]) end")

# ---- Tidying

PURGE = _script(
    _FORGET,
    """
local gone = call('ZRANGEBYSCORE', P..'expiry', '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, ref in ipairs(gone) do
  if string.sub(ref, 1, 8) == 'failure:' then
    call('DEL', P..ref)
    call('ZREM', P..'expiry', ref)
  else
    forget(ref)
  end
end
return #gone
""",
)
"""ARGV: now, how many at most. How many have gone."""
