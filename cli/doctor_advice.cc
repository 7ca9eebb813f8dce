#include "cli/doctor_advice.h"

#include <absl/strings/str_cat.h>

namespace barnabas::cli {
namespace {

std::string node_of(const Attempt& attempt) {
  return absl::StrCat("node ", attempt.node.value_or(-1));
}

// The setting that tells clients where to connect, in the words of the file.
std::string mend_advertised(const Attempt& attempt) {
  return absl::StrCat("in the file of ", node_of(attempt),
                      ": advertised.listeners=auto (each client is told the ",
                      "address by which it came), or PLAINTEXT://", attempt.given.host, ":",
                      attempt.at.port, " if that name leads to it; then restart it");
}

}  // namespace

bool is_loopback_host(const std::string& host) {
  return host == "localhost" || host == "::1" || host.rfind("127.", 0) == 0;
}

bool is_container_id(const std::string& host) {
  return host.size() == 12 && host.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::optional<Advice> advise_senseless(const Attempt& attempt) {
  const std::string& host = attempt.at.host;
  if (host == "0.0.0.0" || host == "::" || host.empty()) {
    return Advice{absl::StrCat("no client can connect to \"", host, "\""),
                  absl::StrCat("advertised.listeners on ", node_of(attempt),
                               " is the address that it listens on, not one to connect to"),
                  mend_advertised(attempt)};
  }
  if (is_loopback_host(host) && !attempt.reached_by_loopback) {
    return Advice{absl::StrCat(host, " is this machine, to every client; the broker is at ",
                               attempt.given.host),
                  absl::StrCat("advertised.listeners on ", node_of(attempt),
                               " is a loopback address, which only its own machine can use"),
                  mend_advertised(attempt)};
  }
  return std::nullopt;
}

Advice advise_unresolved(const Attempt& attempt, const std::string& error) {
  Advice out;
  out.met = absl::StrCat("this machine cannot resolve ", attempt.at.host, error.empty() ? "" : " (",
                         error, error.empty() ? "" : ")");
  if (!attempt.node.has_value()) {
    out.cause = "the name is misspelt, or known only to another network";
    out.fix = absl::StrCat("getent hosts ", attempt.at.host, "   or use the address in numbers");
    return out;
  }
  out.cause = absl::StrCat("advertised.listeners on ", node_of(attempt), " is ",
                           is_container_id(attempt.at.host)
                               ? "its container's name, which only its own network knows"
                               : "a name that is not known here");
  out.fix = mend_advertised(attempt);
  return out;
}

Advice advise_unconnected(const Attempt& attempt, Reach how, const std::string& error) {
  Advice out;
  const std::string at = to_string(attempt.at);
  switch (how) {
    case Reach::kRefused:
      out.met = absl::StrCat("nobody listens at ", at, " (connection refused)");
      break;
    case Reach::kTimedOut:
      out.met = absl::StrCat("no answer from ", at, ": packets vanish");
      break;
    case Reach::kUnreachable:
      out.met = absl::StrCat("there is no route to ", at, " (", error, ")");
      break;
    default:
      out.met = absl::StrCat("cannot connect to ", at, ": ", error);
  }
  if (!attempt.node.has_value()) {
    if (how == Reach::kRefused) {
      out.cause =
          "the broker does not run, listens on another port, or on loopback of another "
          "machine or container only (listeners=)";
      out.fix = absl::StrCat("on the broker's machine: barnabas status, and ss -ltn | grep ",
                             attempt.at.port);
    } else {
      out.cause =
          "a firewall drops it, or the address belongs to a network that is not reachable "
          "from here";
      out.fix = absl::StrCat("ask who runs the network between here and ", attempt.at.host,
                             "; try from the broker's own machine");
    }
    return out;
  }
  if (how == Reach::kRefused) {
    out.cause = absl::StrCat(node_of(attempt), " is down, or advertised.listeners names a port ",
                             "that is not the one it listens on (or that is published)");
    out.fix = absl::StrCat("is it running? barnabas status; else: ", mend_advertised(attempt));
  } else {
    out.cause = absl::StrCat("advertised.listeners on ", node_of(attempt),
                             " is an address of a network that is not reachable from here, or a "
                             "firewall drops it");
    out.fix = mend_advertised(attempt);
  }
  return out;
}

Advice advise_unanswered(const Attempt& attempt, Reach how, const std::string& speaker,
                         const std::string& error) {
  Advice out;
  const std::string at = to_string(attempt.at);
  const std::string who = attempt.node.has_value()
                              ? absl::StrCat("advertised.listeners of ", node_of(attempt))
                              : "the address";
  if (speaker == "a TLS listener") {
    out = {absl::StrCat(at, " speaks TLS, not plain Kafka"),
           "the listener is encrypted, and this command is not",
           "use the port of a PLAINTEXT listener; clients need security.protocol=SSL there"};
  } else if (speaker == "a gRPC server") {
    out = {absl::StrCat(at, " is a gRPC port, not a Kafka port"),
           absl::StrCat(who, " is probably a controller's; Kafka clients talk to brokers"),
           "barnabas status lists the brokers' addresses (usually port 9092)"};
  } else if (!speaker.empty()) {
    out = {
        absl::StrCat(at, " is ", speaker, ", not a Kafka broker"),
        absl::StrCat("another program has that port, or ", who, " names the wrong one"),
        absl::StrCat("ss -ltnp | grep ", attempt.at.port, " there, and the brokers' listeners=")};
  } else if (how == Reach::kTimedOut) {
    out = {absl::StrCat(at, " accepts connections, but does not answer"),
           "the process hangs or is stopped, or something in between (a proxy, a published port "
           "without a process behind it) accepts in its place",
           "look at the broker's log, and at proxies on the way"};
  } else {
    out = {absl::StrCat(at, how == Reach::kClosed ? " hangs up instead of answering"
                                                  : " does not answer as a Kafka broker does"),
           "the broker is starting or stopping, refuses this client (connection limits), or is "
           "another program",
           "try again in some seconds; look at the broker's log"};
  }
  if (!error.empty()) absl::StrAppend(&out.met, " (", error, ")");
  return out;
}

}  // namespace barnabas::cli
