// Changes of the quorum as they are asked for and answered, on a quorum that does what it is told.

#include "controller/quorum_changes.h"

#include "controller/testing/controller_fixture.h"

namespace barnabas::controller {
namespace {

using raft::MemberKind;
using State = proto::QuorumChangeAnswer;

class QuorumChangesTest : public ControllerTest {
 protected:
  QuorumChangesTest() {
    node_->lead();
    for (int id : {1, 2, 3}) node_->members.push_back(member(id, MemberKind::kVoter));
  }

  raft::ProgressView member(int id, MemberKind kind) {
    raft::ProgressView view{};
    view.id = ControllerId{id};
    view.directory = Uuid::make(*random_);
    view.kind = kind;
    view.endpoint = {"controller" + std::to_string(id), 9640};
    view.since_contact = milliseconds(100);
    return view;
  }
  proto::AdminRequest add_voter(int id, char client = 'c') {
    proto::AdminRequest request;
    request.set_client(std::string(16, client));
    request.set_sequence(++sequence_);
    request.mutable_add_voter()->set_id(id);
    return request;
  }
  proto::AdminRequest remove_voter(int id) {
    proto::AdminRequest request = add_voter(id);
    request.mutable_remove_voter()->set_id(id);
    return request;
  }
  proto::AdminRequest transfer(std::optional<int> to) {
    proto::AdminRequest request = add_voter(0);
    request.mutable_transfer_leadership();
    if (to.has_value()) request.mutable_transfer_leadership()->set_to(*to);
    return request;
  }
  int32_t refusal(size_t answer) const { return answers_.at(answer).error().code(); }
  State::State state(size_t answer) const { return answers_.at(answer).quorum_change().state(); }

  uint64_t sequence_ = 0;
};

TEST_F(QuorumChangesTest, IsAnsweredWhenItIsDone) {
  call(add_voter(4));
  EXPECT_EQ(node_->changes, std::vector<std::string>({"add 4"}));
  EXPECT_TRUE(answers_.empty());
  node_->members.push_back(member(4, MemberKind::kVoter));
  node_->end_change(absl::OkStatus());
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(state(0), State::DONE);
  EXPECT_EQ(answers_[0].quorum_change().voters_size(), 4);
  EXPECT_EQ(answers_[0].quorum_change().leader(), 1);
}

TEST_F(QuorumChangesTest, WhatTakesLongIsSaidToGoOnAndAskingAgainJoinsIt) {
  node_->members.push_back(member(4, MemberKind::kLearner));
  call(add_voter(4));
  run(QuorumChanges::kPatience + milliseconds(1));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(state(0), State::GOING_ON);
  EXPECT_EQ(answers_[0].quorum_change().step(), "controller 4 is being added");
  EXPECT_EQ(answers_[0].quorum_change().left(), image().index().value());
  call(add_voter(4));
  call(add_voter(4, 'd'));  // another one who wants the same
  EXPECT_EQ(node_->changes.size(), 1u);
  node_->end_change(absl::OkStatus());
  ASSERT_EQ(answers_.size(), 3u);
  EXPECT_EQ(state(1), State::DONE);
  EXPECT_EQ(state(2), State::DONE);
}

TEST_F(QuorumChangesTest, WhatEndsWhileNobodyWaitsIsToldToWhoAskedAndToNobodyElse) {
  call(add_voter(4));
  run(QuorumChanges::kPatience + milliseconds(1));
  node_->end_change(absl::DeadlineExceededError("controller 4 does not get on"));
  call(add_voter(4, 'd'));  // begins anew
  EXPECT_EQ(node_->changes.size(), 2u);
  node_->end_change(absl::OkStatus());
  call(remove_voter(3));
  run(QuorumChanges::kPatience + milliseconds(1));
  node_->end_change(absl::FailedPreconditionError("another change is under way"));
  call(remove_voter(3));
  EXPECT_EQ(node_->changes.size(), 3u);
  EXPECT_EQ(refusal(answers_.size() - 1), 44);
  EXPECT_EQ(answers_.back().error().message(), "another change is under way");
  call(remove_voter(3));  // told once
  run(milliseconds(200));
  EXPECT_EQ(node_->changes.size(), 4u);
}

TEST_F(QuorumChangesTest, OneChangeAtATime) {
  call(add_voter(4));
  call(remove_voter(3));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(refusal(0), 44);
  EXPECT_EQ(answers_[0].error().message(), "One change at a time: controller 4 is being added.");
}

TEST_F(QuorumChangesTest, WhatRaftRefusesHasAKafkaCode) {
  const std::pair<absl::Status, int32_t> refusals[] = {
      {absl::NotFoundError("nobody"), 116},
      {absl::AlreadyExistsError("it votes"), 126},
      {absl::FailedPreconditionError("busy"), 44},
      {absl::DeadlineExceededError("slow"), 7},
      {absl::UnavailableError("not the leader"), 41}};
  for (const auto& [status, code] : refusals) {
    call(add_voter(4));
    node_->end_change(status);
    EXPECT_EQ(refusal(answers_.size() - 1), code) << status;
  }
  call(remove_voter(3));
  run(milliseconds(200));
  node_->end_change(absl::NotFoundError("nobody"));
  EXPECT_EQ(refusal(answers_.size() - 1), 127);
}

TEST_F(QuorumChangesTest, WhereLeadershipEndsTheOutcomeIsUnknown) {
  call(add_voter(4));
  node_->end_change(absl::AbortedError("leadership ended"));
  EXPECT_EQ(refusal(0), 0);
  EXPECT_EQ(state(0), State::UNKNOWN);
  node_->lose();
  call(add_voter(4));
  EXPECT_EQ(refusal(1), 41);
}

TEST_F(QuorumChangesTest, TheLastVoterStays) {
  node_->members.resize(1);
  call(remove_voter(1));
  EXPECT_EQ(refusal(0), 44);
  EXPECT_NE(answers_[0].error().message().find("last voter"), std::string::npos);
  EXPECT_TRUE(node_->changes.empty());
}

TEST_F(QuorumChangesTest, ARemovalThatLeavesNoLiveMajorityIsRefusedAndNamesWhoIsSilent) {
  node_->members[2].since_contact = seconds(5);
  const proto::AdminRequest request = remove_voter(2);
  call(request);
  run(seconds(3));
  ASSERT_EQ(state(0), State::GOING_ON);  // the others are looked for first
  call(request);
  ASSERT_EQ(refusal(1), 44);
  EXPECT_NE(answers_[1].error().message().find("silent: controller 3."), std::string::npos)
      << answers_[1].error().message();
  EXPECT_TRUE(node_->changes.empty());
  // The silent one itself may go.
  call(remove_voter(3));
  run(milliseconds(200));
  EXPECT_EQ(node_->changes, std::vector<std::string>({"remove 3"}));
}

// One that died a moment ago has been heard from a moment ago.
TEST_F(QuorumChangesTest, ARemovalWaitsForAWordFromTheMajorityThatIsLeft) {
  node_->members[2].since_contact = seconds(1);
  call(remove_voter(2));
  run(milliseconds(600));
  EXPECT_TRUE(node_->changes.empty());
  node_->members[2].since_contact = milliseconds(10);
  run(milliseconds(100));
  EXPECT_EQ(node_->changes, std::vector<std::string>({"remove 2"}));
  node_->end_change(absl::OkStatus());
  EXPECT_EQ(state(0), State::DONE);
}

TEST_F(QuorumChangesTest, ARemovalThatWaitsEndsWithTheLeadership) {
  node_->members[2].since_contact = seconds(1);
  call(remove_voter(2));
  run(milliseconds(100));
  node_->lose();
  run(milliseconds(100));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(refusal(0), 41);
}

TEST_F(QuorumChangesTest, OfTwoWithTheSameIdTheDirectoryIsAskedFor) {
  node_->members.push_back(member(3, MemberKind::kVoter));
  call(remove_voter(3));
  EXPECT_EQ(refusal(0), 44);
  EXPECT_NE(answers_[0].error().message().find(node_->members[3].directory.text()),
            std::string::npos);
  proto::AdminRequest request = remove_voter(3);
  request.mutable_remove_voter()->set_directory(node_->members[3].directory.bytes());
  call(request);
  run(milliseconds(200));
  EXPECT_EQ(node_->changes, std::vector<std::string>({"remove 3"}));
  EXPECT_EQ(ask(remove_voter(9)).error().code(), 44);  // one at a time
  node_->end_change(absl::OkStatus());
  EXPECT_EQ(ask(remove_voter(9)).error().code(), 127);
}

TEST_F(QuorumChangesTest, LeadershipThatIsHeldAlreadyNeedsNoTransfer) {
  call(transfer(1));
  EXPECT_EQ(state(0), State::DONE);
  EXPECT_TRUE(node_->changes.empty());
  call(transfer(3));
  call(transfer(std::nullopt));
  EXPECT_EQ(node_->changes, std::vector<std::string>({"transfer 3"}));
  EXPECT_EQ(refusal(1), 44);
}

TEST_F(QuorumChangesTest, TheQuorumIsDescribedWithItsMembersByKindAndWhatGoesOn) {
  node_->members.push_back(member(4, MemberKind::kLearner));
  node_->members.push_back(member(3, MemberKind::kObserver));
  call(add_voter(4));
  proto::AdminRequest request;
  request.mutable_describe_quorum();
  call(request);
  const proto::DescribeQuorumAnswer& quorum = answers_.at(0).describe_quorum();
  EXPECT_EQ(quorum.voters_size(), 3);
  ASSERT_EQ(quorum.learners_size(), 1);
  EXPECT_EQ(quorum.learners(0).kind(), "learner");
  EXPECT_EQ(quorum.learners(0).endpoint(), "controller4:9640");
  ASSERT_EQ(quorum.observers_size(), 1);
  EXPECT_EQ(quorum.observers(0).directory(), node_->members[4].directory.bytes());
  EXPECT_EQ(quorum.doing(), "controller 4 is being added");
}

TEST_F(QuorumChangesTest, BrokersAreToldWhereTheVotersAre) {
  start_brokers();
  EXPECT_TRUE(run_until([&] { return brokers_[1].broker->controllers().size() == 3; }));
  node_->members.push_back(member(4, MemberKind::kVoter));
  EXPECT_TRUE(run_until([&] { return brokers_[1].broker->controllers().size() == 4; }));
  EXPECT_EQ(brokers_[1].broker->controllers()[3], "controller4:9640");
}

}  // namespace
}  // namespace barnabas::controller
