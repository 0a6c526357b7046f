-- The layout of what is stored. The other scripts use its names; only this file knows positions.
--
-- Under a key is one string. Numbers are little-endian; spans are milliseconds, moments milliseconds of the server's clock.
--
--   record   'R' | owner token 16 | fencing token 8 | the bytes of the record
--   claim    'C' | owner token 16 | fencing token 8 | flags 1 | lease 8 | tail 8 | last end of the lease 8 | expiry of the record 8
--            | inner record
--
-- The inner record is the whole value of the record that the claim was made over, or nothing. The key lives for the lease and the tail
-- together, so the lease lasts while the key has more than the tail to live. Flags: 1 = somebody waits, 2 = refuse when interrupted.
local RECORD, CLAIM = 'R', 'C'
local KNOWN_FLAGS = 3

-- In milliseconds; stands for "for ever" where an end is needed.
local CENTURY = 3155760000000

-- Numbers of Lua are exact up to here. No moment and no fencing token of this store comes near it, and none goes beyond: to add 1 to it
-- changes nothing.
local EXACT = 2 ^ 53

-- Positions count from 1, as in string.sub.
local TOKEN_AT = 2
local FENCING_AT = TOKEN_AT + 16
local BYTES_AT = FENCING_AT + 8
local FLAGS_AT = BYTES_AT
local LEASE_AT = FLAGS_AT + 1
local TAIL_AT = LEASE_AT + 8
local LAST_AT = TAIL_AT + 8
local EXPIRY_AT = LAST_AT + 8
local INNER_AT = EXPIRY_AT + 8
local IDENTITY_SIZE = FENCING_AT - 1

-- The same for struct: what both kinds of value begin with, and what follows in a claim.
local HEAD = '<c1c16i8'
local TERMS = 'Bi8i8i8i8'

-- The bytes of a stored value from one position to before another.
local function read(key, from, before) return redis.call('GETRANGE', key, from - 1, before - 2) end

-- Keeps a record for a retention in milliseconds, as the argument of a script; 0 = for ever.
local function keep(key, record, retention)
    if retention == '0' then
        redis.call('SET', key, record)
    else
        redis.call('SET', key, record, 'PX', retention)
    end
end

local function tag_of(value) return string.sub(value, 1, 1) end
local function token_of(value) return string.sub(value, TOKEN_AT, FENCING_AT - 1) end

-- Tag and token: tells one claim, or its record, from every other.
local function identity_of(value) return string.sub(value, 1, IDENTITY_SIZE) end

local function waits(flags) return flags % 2 == 1 end
local function refuses(flags) return flags >= 2 end
local function flags_of(value) return string.byte(value, FLAGS_AT) or 0 end
