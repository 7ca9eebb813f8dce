// barnabas quorum status.

#include <absl/strings/str_cat.h>

#include <string>

#include "cli/duration.h"
#include "cli/message_json.h"
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

}  // namespace

Result<proto::DescribeQuorumAnswer> describe_quorum(AdminClient& client) {
  const std::string tried = "ask the controllers for the quorum";
  const auto any = client.call_any(request(), tried);
  if (!any.ok()) return any.problem();
  const proto::DescribeQuorumAnswer& seen = any.value().describe_quorum();
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
  Table table({{"id", Align::kRight},
               {"role"},
               {"address"},
               {"match", Align::kRight},
               {"lag", Align::kRight},
               {"last contact", Align::kRight},
               {"note"}});
  for (const proto::VoterView& voter : quorum.voters()) {
    const bool leads = voter.id() == quorum.leader();
    table.add({absl::StrCat(voter.id()), leads ? "leader" : "follower", voter.endpoint(),
               by_leader ? absl::StrCat(voter.match()) : "",
               by_leader ? absl::StrCat(voter.lag()) : "",
               leads || !by_leader ? "" : contact_text(voter.since_contact_ms()),
               voter.snapshotting() ? "receives a snapshot" : ""});
  }
  output.print(table);
  if (!by_leader) {
    output.note(absl::StrCat("answered by controller ", quorum.answered_by(), " (", quorum.role(),
                             "), which does not know how far the others are"));
  }
  return 0;
}

}  // namespace barnabas::cli
