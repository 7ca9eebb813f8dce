// barnabas quorum status.

#include <absl/strings/str_cat.h>

#include <set>
#include <string>
#include <vector>

#include "cli/duration.h"
#include "cli/message_json.h"
#include "cli/quorum_change.h"
#include "cli/table.h"
#include "cli/verbs.h"

namespace barnabas::cli {
namespace {

proto::AdminRequest request() {
  proto::AdminRequest request;
  request.mutable_describe_quorum();
  return request;
}

std::string contact_text(int64_t since_ms) {
  if (since_ms < 0) return "never";
  return text_of(Milliseconds(since_ms)) + " ago";
}

// The leader among two voters of one id is the one whose log is the newest: its own.
std::string role_of(const proto::VoterView& member, const proto::DescribeQuorumAnswer& quorum) {
  if (member.kind() == "learner" || member.kind() == "observer") return member.kind();
  if (member.id() != quorum.leader()) return "follower";
  const bool itself = quorum.answered_by() != quorum.leader() || member.since_contact_ms() == 0;
  return itself ? "leader" : "follower";
}

std::set<int32_t> voting_ids(const proto::DescribeQuorumAnswer& quorum) {
  std::set<int32_t> ids;
  for (const proto::VoterView& voter : quorum.voters()) ids.insert(voter.id());
  return ids;
}

bool shares_ids(const proto::DescribeQuorumAnswer& quorum) {
  std::set<int32_t> ids;
  for (const auto* members : {&quorum.voters(), &quorum.learners(), &quorum.observers()}) {
    for (const proto::VoterView& member : *members) {
      if (!ids.insert(member.id()).second) return true;
    }
  }
  return false;
}

// What is to be known or done about it.
std::string note_on(const proto::VoterView& member, const proto::DescribeQuorumAnswer& quorum) {
  if (quorum.has_transfer_to() && quorum.transfer_to() == member.id()) return "is to lead";
  if (member.kind() == "observer") {
    const bool came_back = voting_ids(quorum).count(member.id()) != 0;
    return absl::StrCat("does not vote: barnabas quorum ", came_back ? "replace " : "add ",
                        member.id());
  }
  if (member.snapshotting()) return "receives a snapshot";
  return member.kind() == "learner" ? "is brought up to date" : "";
}

}  // namespace

Result<proto::DescribeQuorumAnswer> describe_quorum(AdminClient& client) {
  const std::string tried = "ask the controllers for the quorum";
  const auto any = client.call_any(request(), tried);
  if (!any.ok()) return any.problem();
  proto::DescribeQuorumAnswer seen = any.value().describe_quorum();
  // One that does not vote, or is cut off, knows no leader where others do.
  const std::vector<std::string> endpoints = client.endpoints();
  for (size_t i = 0; i < endpoints.size() && seen.leader() < 0; ++i) {
    const auto other = client.call_any(request(), tried, endpoints[i]);
    if (other.ok() && other.value().describe_quorum().leader() >= 0) {
      seen = other.value().describe_quorum();
    }
  }
  if (seen.leader() < 0 || seen.leader() == seen.answered_by()) return seen;
  // Only the leader knows how far the others are.
  for (const proto::VoterView& voter : seen.voters()) {
    if (voter.id() != seen.leader()) continue;
    const auto leader = client.call_any(request(), tried, voter.endpoint());
    if (leader.ok()) return leader.value().describe_quorum();
  }
  return seen;
}

int quorum_status(AdminClient& client, const Output& output) {
  const auto answer = describe_quorum(client);
  if (!answer.ok()) return output.fail(answer.problem());
  const proto::DescribeQuorumAnswer& quorum = answer.value();
  if (output.data()) {
    output.print_data(message_json(quorum), "voters");
    return 0;
  }
  const bool by_leader = quorum.answered_by() == quorum.leader();
  output.out << "cluster " << (quorum.cluster_id().empty() ? "not formed" : quorum.cluster_id())
             << "   leader " << (quorum.leader() < 0 ? "none" : absl::StrCat(quorum.leader()))
             << "   term " << quorum.term() << "   committed " << quorum.commit() << "   log "
             << quorum.first() << " to " << quorum.last() << "   snapshot " << quorum.snapshot()
             << '\n';
  if (!quorum.trouble().empty()) {
    output.out << output.painted(quorum.trouble(), kRed) << '\n';
  }
  if (!quorum.doing().empty()) output.out << output.painted(quorum.doing(), kYellow) << '\n';
  Table table({{"id", Align::kRight},
               {"role"},
               {"address"},
               {"directory"},
               {"match", Align::kRight},
               {"lag", Align::kRight},
               {"last contact", Align::kRight},
               {"note"}});
  const bool directories = output.wide() || shares_ids(quorum);
  for (const auto* members : {&quorum.voters(), &quorum.learners(), &quorum.observers()}) {
    for (const proto::VoterView& member : *members) {
      const std::string role = role_of(member, quorum);
      const bool leads = role == "leader";
      const bool fed = role != "observer";
      table.add({absl::StrCat(member.id()), role, member.endpoint(),
                 directories ? directory_text(member.directory()) : "",
                 by_leader && fed ? absl::StrCat(member.match()) : "",
                 by_leader && fed ? absl::StrCat(member.lag()) : "",
                 leads || !by_leader ? "" : contact_text(member.since_contact_ms()),
                 note_on(member, quorum)});
    }
  }
  output.print(table);
  if (!by_leader) {
    output.note(absl::StrCat("answered by controller ", quorum.answered_by(), " (", quorum.role(),
                             "), which does not know how far the others are"));
  }
  return 0;
}

}  // namespace barnabas::cli
