#include "cli/doctor.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "cli/doctor_advice.h"
#include "cli/doctor_net.h"
#include "cli/doctor_report.h"
#include "cli/doctor_talk.h"

namespace barnabas::cli {
namespace {

int code(ExitCode exit) { return static_cast<int>(exit); }

// What a TLS client says first, cut short: enough to make a TLS listener show itself.
constexpr std::string_view kClientHello(
    "\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03"
    "0123456789abcdef0123456789abcdef"
    "\x00\x00\x02\x13\x01\x01\x00\x00\x00",
    52);

constexpr std::string_view kHttpHello = "HEAD / HTTP/1.0\r\n\r\n";
constexpr std::chrono::milliseconds kHelloLimit{1'000};

class Doctor {
 public:
  Doctor(const Output& output, const DoctorOptions& options) : options_(options), report_(output) {}

  int examine() {
    std::optional<int> first_failure;
    for (absl::string_view text : absl::StrSplit(options_.bootstrap, ',', absl::SkipEmpty())) {
      const auto endpoint = parse_endpoint(std::string(absl::StripAsciiWhitespace(text)));
      if (!endpoint.ok()) {
        report_.fail("resolve", absl::StrCat(text, ": "),
                     {std::string(endpoint.status().message()), "an address is HOST:PORT",
                      "barnabas doctor localhost:9092"});
        return end(code(ExitCode::kUsage), "nothing was tried");
      }
      given_ = *endpoint;
      Wire wire;
      ApiRanges apis;
      const int exit = reach({given_, std::nullopt, given_, false}, wire, &apis);
      if (exit == 0) return examine_cluster(wire, apis);
      if (!first_failure.has_value()) first_failure = exit;
    }
    return end(first_failure.value_or(code(ExitCode::kUsage)), "no broker was reached");
  }

 private:
  int end(int exit, const std::string& verdict) {
    report_.finish(exit, verdict);
    return exit;
  }

  void fail(const char* step, const Attempt& attempt, const Advice& advice) {
    std::string what;
    if (attempt.node.has_value()) {
      what =
          absl::StrCat("node ", *attempt.node, " says: connect to ", to_string(attempt.at), "; ");
    }
    report_.fail(step, what, advice);
  }

  // From the name to the first answer. 0, or what to exit with.
  int reach(const Attempt& attempt, Wire& wire, ApiRanges* apis) {
    const std::string at = to_string(attempt.at);
    const LookUp found = look_up(attempt.at);
    if (found.addresses.empty()) {
      fail("resolve", attempt, advise_unresolved(attempt, found.error));
      return code(ExitCode::kUnreachable);
    }
    Reach how = Reach::kFailed;
    SocketAddress used;
    const auto begun = std::chrono::steady_clock::now();
    for (const SocketAddress& address : found.addresses) {
      used = address;
      how = wire.connect(address, options_.timeout);
      if (how == Reach::kOk) break;
    }
    if (how != Reach::kOk) {
      fail("connect", attempt, advise_unconnected(attempt, how, wire.error()));
      return code(ExitCode::kUnreachable);
    }
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
    if (!attempt.node.has_value()) {
      if (used.endpoint().host != attempt.at.host) {
        report_.ok("resolve", absl::StrCat(attempt.at.host, " -> ", used.endpoint().host));
      }
      report_.ok("connect", absl::StrFormat("TCP %s %.1f ms", at, took.count()));
    }
    const Answered answered = ask_api_versions(wire, options_.timeout, *apis);
    if (!answered.ok()) {
      std::string speaker = speaker_of(wire.first_bytes());
      if (speaker.empty() && answered.reach != Reach::kOk) speaker = speaker_after_hello(used);
      fail("api_versions", attempt,
           advise_unanswered(attempt, answered.reach, speaker, answered.error));
      const bool silent = answered.reach == Reach::kTimedOut && speaker.empty();
      return code(silent ? ExitCode::kTimedOut : ExitCode::kFailed);
    }
    if (!attempt.node.has_value()) {
      report_.ok("api_versions", absl::StrCat("ApiVersions (", apis->size(), " APIs)"));
    }
    return 0;
  }

  // TLS listeners often hang up without a word on what is not TLS, and HTTP servers wait for the
  // end of a line: so each is spoken to in its own language.
  std::string speaker_after_hello(const SocketAddress& address) const {
    const auto limit = std::min<std::chrono::milliseconds>(options_.timeout, kHelloLimit);
    for (const std::string_view hello : {kClientHello, kHttpHello}) {
      Wire wire;
      std::string bytes;
      if (wire.connect(address, limit) != Reach::kOk || wire.send(hello, limit) != Reach::kOk ||
          wire.receive_some(bytes, limit) != Reach::kOk) {
        continue;
      }
      if (std::string speaker = speaker_of(bytes); !speaker.empty()) return speaker;
    }
    return "";
  }

  int examine_cluster(Wire& wire, const ApiRanges& apis) {
    const bool by_loopback = is_loopback_host(wire.local().host);
    ClusterView view;
    const Answered answered = ask_metadata(wire, apis, options_.timeout, view);
    if (!answered.ok()) {
      const Attempt attempt{given_, std::nullopt, given_, by_loopback};
      fail("metadata", attempt,
           advise_unanswered(attempt, answered.reach, speaker_of(wire.first_bytes()),
                             answered.error));
      return end(code(answered.reach == Reach::kTimedOut ? ExitCode::kTimedOut : ExitCode::kFailed),
                 "the broker does not tell where the cluster is");
    }
    report_.ok("metadata",
               absl::StrCat("Metadata: cluster ", view.cluster_id, ", ",
                            counted(static_cast<int64_t>(view.nodes.size()), "node", "nodes"), ", ",
                            counted(static_cast<int64_t>(view.topics), "topic", "topics")));
    if (view.nodes.empty()) {
      report_.fail("metadata", "",
                   {"the cluster has no node that lives",
                    "all brokers are fenced: no controller hears of them", "barnabas status"});
    }
    size_t unreachable = 0;
    for (const AdvertisedNode& node : view.nodes) {
      if (!examine_node(node, view.cluster_id, by_loopback)) ++unreachable;
    }
    const bool works = examine_work(wire, apis, view);
    if (unreachable > 0) {
      return end(code(ExitCode::kPartial),
                 absl::StrCat(unreachable, " of ",
                              counted(static_cast<int64_t>(view.nodes.size()), "node", "nodes"),
                              " cannot be reached from here where they say they are"));
    }
    if (!works || view.nodes.empty()) {
      return end(code(ExitCode::kPrecondition), "reachable, but not able to work");
    }
    return end(0, "all is well, seen from here");
  }

  bool examine_node(const AdvertisedNode& node, const std::string& cluster_id, bool by_loopback) {
    const Attempt attempt{node.at, node.id, given_, by_loopback};
    if (const auto senseless = advise_senseless(attempt)) {
      fail("node", attempt, *senseless);
      return false;
    }
    Wire wire;
    ApiRanges apis;
    if (reach(attempt, wire, &apis) != 0) return false;
    ClusterView own;
    const Answered answered = ask_metadata(wire, apis, options_.timeout, own);
    if (answered.ok() && own.cluster_id != cluster_id) {
      fail("node", attempt,
           {absl::StrCat("that leads to another cluster (", own.cluster_id, ")"),
            "two clusters share a name or a port mapping",
            absl::StrCat("give node ", node.id, " an address of its own")});
      return false;
    }
    report_.ok("node", absl::StrCat("node ", node.id, " at ", to_string(node.at)));
    return true;
  }

  // Whether the cluster can do what clients want of it.
  bool examine_work(Wire& wire, const ApiRanges& apis, const ClusterView& view) {
    bool works = true;
    if (!view.leaderless.empty()) {
      works = false;
      constexpr size_t kShown = 3;
      std::string shown;
      for (size_t i = 0; i < std::min(kShown, view.leaderless.size()); ++i) {
        absl::StrAppend(&shown, i == 0 ? "" : ", ", view.leaderless[i]);
      }
      if (view.leaderless.size() > kShown) shown += ", ...";
      report_.fail("leaders", "",
                   {absl::StrCat(counted(static_cast<int64_t>(view.leaderless.size()), "partition",
                                         "partitions"),
                                 " without a leader (LEADER_NOT_AVAILABLE 5): ", shown),
                    "the brokers that hold the newest records do not run",
                    "barnabas status names them; start them"});
    }
    bool offered = false;
    int32_t leader = -1;
    const Answered answered = ask_quorum(wire, apis, options_.timeout, offered, leader);
    if (!offered) return works;
    if (!answered.ok() || leader < 0) {
      report_.fail(
          "quorum", "",
          {absl::StrCat("the controllers do not answer", answered.error.empty() ? "" : " (",
                        answered.error, answered.error.empty() ? "" : ")"),
           "most of the controllers are down: what exists goes on being served, but "
           "nothing can be created, changed or failed over",
           "barnabas quorum status; start the controllers that are missing"});
      return false;
    }
    if (works) {
      report_.ok("quorum",
                 absl::StrCat("every partition has a leader; controller ", leader, " is active"));
    }
    return works;
  }

  const DoctorOptions& options_;
  DoctorReport report_;
  Endpoint given_;
};

}  // namespace

int doctor(const Output& output, const DoctorOptions& options) {
  return Doctor(output, options).examine();
}

}  // namespace barnabas::cli
