// Voters that come, go and lose their disks, over real links and real files.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "raft/testing/grpc_cluster.h"

namespace barnabas::raft::testing {
namespace {

using std::chrono::seconds;

class MembersOverGrpc : public ::testing::Test {
 protected:
  MembersOverGrpc() : cluster_([](Options&) {}, 2) {}

  void await_leader() {
    ASSERT_TRUE(cluster_.await([this] { return cluster_.leader().has_value(); }, seconds(60)));
  }
  // Entries of which the answers were lost may be there, too.
  void work() {
    int done = 0;
    ASSERT_TRUE(cluster_.await(
        [&] {
          if (cluster_.leader().has_value()) done += cluster_.propose(20);
          return done >= 20;
        },
        seconds(60)));
  }
  std::vector<ProgressView> members(MemberKind kind) {
    const std::optional<size_t> leader = cluster_.leader();
    std::vector<ProgressView> out;
    if (!leader.has_value()) return out;
    for (const ProgressView& member : cluster_.status(*leader).members) {
      if (member.kind == kind) out.push_back(member);
    }
    return out;
  }
  bool votes(const Uuid& directory) {
    const auto voters = members(MemberKind::kVoter);
    return std::any_of(voters.begin(), voters.end(),
                       [&](const auto& voter) { return voter.directory == directory; });
  }
  // As an operator does it: asks again where the outcome is not known, until it is so.
  void change(const Uuid& directory, bool to_vote,
              const std::function<void(Node&, Node::Changed)>& ask) {
    absl::Status last;
    const bool done = cluster_.await(
        [&] {
          if (!cluster_.leader().has_value()) return false;
          if (votes(directory) == to_vote && last.ok()) return true;
          last = cluster_.ask(ask);
          if (absl::IsAlreadyExists(last) || absl::IsNotFound(last)) last = absl::OkStatus();
          return false;
        },
        seconds(100));
    ASSERT_TRUE(done) << last;
  }
  void add(size_t i) {
    const ControllerId id{static_cast<int32_t>(i + 1)};
    change(cluster_.process(i).options.directory_id, true,
           [id](Node& node, Node::Changed done) { node.add_voter(id, std::move(done)); });
  }
  void remove(size_t i, const Uuid& directory) {
    const ControllerId id{static_cast<int32_t>(i + 1)};
    change(directory, false, [id, directory](Node& node, Node::Changed done) {
      node.remove_voter(id, directory, std::move(done));
    });
  }
  size_t voters() {
    await_leader();
    return members(MemberKind::kVoter).size();
  }

  GrpcCluster cluster_;
};

TEST_F(MembersOverGrpc, ThreeGrowToFiveReplaceALostDiskAndShrinkToThree) {
  await_leader();
  work();
  for (const size_t joiner : {3, 4}) {
    add(joiner);
    work();
  }
  EXPECT_EQ(voters(), 5U);

  for (size_t i = 0; i < 5; ++i) cluster_.pause(i);
  for (size_t i = 0; i < 5; ++i) cluster_.resume(i);
  await_leader();
  work();
  EXPECT_EQ(voters(), 5U) << "after a restart of everything";

  const size_t lost = (*cluster_.leader() + 1) % 5;
  const Uuid before = cluster_.process(lost).options.directory_id;
  cluster_.pause(lost);
  cluster_.wipe(lost);
  cluster_.resume(lost);
  add(lost);
  remove(lost, before);
  EXPECT_EQ(voters(), 5U);
  work();

  for (int i = 0; i < 2; ++i) {
    await_leader();
    const size_t going = *cluster_.leader();  // by itself
    remove(going, cluster_.process(going).options.directory_id);
  }
  EXPECT_EQ(voters(), 3U);
  work();
}

TEST_F(MembersOverGrpc, LeadershipIsHandedOver) {
  await_leader();
  work();
  for (int i = 0; i < 5; ++i) {
    await_leader();
    const size_t from = *cluster_.leader();
    const ControllerId to{static_cast<int32_t>((from + 1) % 3 + 1)};
    const absl::Status done = cluster_.ask(
        [to](Node& node, Node::Changed done) { node.transfer_leadership(to, std::move(done)); });
    // On a loaded machine a transfer may be given up, or somebody else may have been elected.
    EXPECT_TRUE(done.ok() || absl::IsDeadlineExceeded(done) || absl::IsAborted(done) ||
                absl::IsAlreadyExists(done))
        << done;
    work();
  }
}

}  // namespace
}  // namespace barnabas::raft::testing
