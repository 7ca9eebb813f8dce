// What an HTTP request asks for, and what it is answered.

#pragma once

#include <map>
#include <string>
#include <string_view>

namespace barnabas::http {

struct Request {
  std::string path;  // decoded
  std::map<std::string, std::string> query;
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// The parts of a request target ("/metrics/full?topic=board"). What is wrongly encoded stays as it
// was sent; a fragment is cut off.
Request parse_target(std::string_view target);

// "Service Unavailable"; "" for a status that is never sent.
std::string_view reason_of(int status);

}  // namespace barnabas::http
