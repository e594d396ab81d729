-- SPDX-License-Identifier: Apache-2.0
--
-- For wrk: posts one receipt for each token of a file, each once, every thread from its own part of it.
--     wrk ... -s receipts.lua URL -- FILE PREFIX QUERY FIRST COUNT THREADS
-- FIRST and COUNT: the lines to be taken. Ends with one line of JSON. A thread whose tokens are used up says so.
local TOKEN = 33 -- characters of a line
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(args)
  local first, count, all = tonumber(args[4]), tonumber(args[5]), tonumber(args[6])
  local share = math.floor(count / all)
  local file = assert(io.open(args[1], "rb"))
  file:seek("set", (first + number * share) * TOKEN)
  tokens = file:read(share * TOKEN)
  file:close()
  at, used_up = 1, 0
  head = "POST " .. args[2]
  tail = args[3] .. " HTTP/1.1\r\nHost: " .. wrk.host .. "\r\nContent-Length: 0\r\n\r\n"
end

function request()
  if at > #tokens then
    at, used_up = 1, used_up + 1
  end
  local token = string.sub(tokens, at, at + TOKEN - 2)
  at = at + TOKEN
  return head .. token .. tail
end

function done(summary, latency, requests)
  local used_up, taken = 0, 0
  for _, thread in ipairs(threads) do
    used_up = used_up + thread:get("used_up")
    taken = taken + (thread:get("at") - 1) / TOKEN
  end
  local e = summary.errors
  io.write(string.format('\n{"requests":%d,"seconds":%.3f,"refused":%d,"socket_errors":%d,"timeouts":%d,"p50_ms":%.3f,' ..
    '"p99_ms":%.3f,"max_ms":%.3f,"used_up":%d,"taken":%d}\n', summary.requests, summary.duration / 1e6, e.status,
    e.connect + e.read + e.write, e.timeout, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
    used_up, taken))
end
