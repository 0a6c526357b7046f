-- Answer: what INFO tells; nothing where the user may not ask. From a script, since a client asks only as an administrator.
local info = redis.pcall('INFO')
return type(info) == 'string' and info or ''
