// The verbs that change the controllers' quorum, against a quorum of plain data.

#include "cli/quorum_verbs.h"

#include "cli/testing/verb_test.h"
#include "cli/verbs.h"

namespace barnabas::cli {
namespace {

using Request = proto::AdminRequest;

constexpr const char* kQuorum = R"(
  describe_quorum {
    cluster_id: "VsFjLmEBRkCJx9ZcP0JXnQ" leader: 2 term: 4 commit: 40 applied: 40 first: 1 last: 41
    snapshot: 0 answered_by: 2 role: "leader" configuration_index: 0
    voters { id: 1 kind: "voter" directory: "0123456789abcdef" endpoint: "127.0.0.1:9640" match: 40
             lag: 1 since_contact_ms: 80 }
    voters { id: 2 kind: "voter" directory: "0123456789abcdeg" endpoint: "127.0.0.1:9641" match: 41 }
    voters { id: 3 kind: "voter" directory: "0123456789abcdeh" endpoint: "127.0.0.1:9642" match: 31
             lag: 10 since_contact_ms: 90 }
  })";

constexpr const char* kDone = "quorum_change { state: DONE }";

class Leaderless final : public Controller {
 public:
  Reply call(const proto::AdminRequest& /*request*/, Milliseconds /*patience*/) override {
    Reply reply{Outcome::kAnswered, {}, ""};
    reply.answer.mutable_describe_quorum()->set_leader(-1);
    reply.answer.mutable_describe_quorum()->set_role("observer");
    return reply;
  }
};

class QuorumVerbs : public VerbTest {
 protected:
  QuorumVerbs() {
    given(Request::kDescribeQuorum, kQuorum);
    given(Request::kAddVoter, kDone);
    given(Request::kRemoveVoter, kDone);
    given(Request::kTransferLeadership, kDone);
    on = [this](const Request& request) { change(request); };
  }

  proto::DescribeQuorumAnswer& quorum() {
    return *answers[Request::kDescribeQuorum].mutable_describe_quorum();
  }
  proto::VoterView member(int32_t id, const std::string& directory, const std::string& kind) {
    proto::VoterView view;
    view.set_id(id);
    view.set_directory(directory);
    view.set_kind(kind);
    view.set_endpoint("127.0.0.1:" + std::to_string(9639 + id));
    view.set_match(41);
    view.set_since_contact_ms(70);
    return view;
  }
  void observes(int32_t id, const std::string& directory) {
    *quorum().add_observers() = member(id, directory, "observer");
  }
  // What a controller that grants everything makes of a request, unless a test has a say first.
  void change(const Request& request) {
    if (script) script(request);
    const auto granted = answers.find(request.kind_case());
    if (granted == answers.end() || granted->second.error().code() != 0) return;
    if (granted->second.quorum_change().state() != proto::QuorumChangeAnswer::DONE) return;
    if (request.has_add_voter()) {
      for (int i = 0; i < quorum().observers_size(); ++i) {
        if (quorum().observers(i).id() != request.add_voter().id()) continue;
        proto::VoterView voter = quorum().observers(i);
        voter.set_kind("voter");
        *quorum().add_voters() = voter;
        quorum().mutable_observers()->DeleteSubrange(i, 1);
        return;
      }
    } else if (request.has_remove_voter()) {
      auto* voters = quorum().mutable_voters();
      for (int i = 0; i < voters->size(); ++i) {
        const std::string& directory = request.remove_voter().directory();
        if (voters->at(i).id() != request.remove_voter().id()) continue;
        if (!directory.empty() && voters->at(i).directory() != directory) continue;
        voters->DeleteSubrange(i, 1);
        return;
      }
    } else if (request.has_transfer_leadership()) {
      quorum().set_leader(request.transfer_leadership().to());
      quorum().set_answered_by(request.transfer_leadership().to());
    }
  }

  QuorumOptions of(int32_t id) {
    QuorumOptions options;
    options.id = id;
    return options;
  }
  int add(const Output& output, int32_t id) {
    return quorum_add(client, output, of(id), patience, Milliseconds(60'000));
  }
  int remove(const Output& output, const QuorumOptions& options) {
    return quorum_remove(client, output, options, patience, Milliseconds(30'000));
  }
  int transfer(const Output& output, std::optional<int32_t> to) {
    QuorumOptions options;
    options.to = to;
    return quorum_transfer(client, output, options, patience, Milliseconds(30'000));
  }
  int replace(const Output& output, int32_t id) {
    return quorum_replace(client, output, of(id), patience, Milliseconds(60'000));
  }
  // The same in three formats, each from the quorum as it is now.
  void expect_each(const std::string& name, const std::function<int(const Output&)>& verb) {
    const proto::AdminAnswer before = answers[Request::kDescribeQuorum];
    expect_golden(name, [&](const Output& output) {
      answers[Request::kDescribeQuorum] = before;
      now = Milliseconds(0);
      return verb(output);
    });
  }
  static int code(ExitCode exit) { return static_cast<int>(exit); }

  std::function<void(const Request&)> script;
};

TEST_F(QuorumVerbs, StatusShowsLearnersObserversAndWhatGoesOn) {
  *quorum().add_learners() = member(4, "0123456789abcdei", "learner");
  quorum().mutable_learners(0)->set_match(11);
  quorum().mutable_learners(0)->set_lag(30);
  observes(5, "0123456789abcdej");
  observes(3, "0123456789abcdek");
  quorum().set_change_pending(true);
  quorum().set_doing("controller 4 is being added");
  expect_golden("quorum_status_members",
                [&](const Output& output) { return quorum_status(client, output); });
}

// The first that is asked is an observer, or was removed.
TEST_F(QuorumVerbs, WhoKnowsOfALeaderIsPreferredToWhoDoesNot) {
  AdminClient two(
      {"a:1", "b:2"},
      [this](const std::string& endpoint) -> std::unique_ptr<Controller> {
        if (endpoint == "b:2") return std::make_unique<FakeController>(*this);
        return std::make_unique<Leaderless>();
      },
      patience, "0123456789abcdef", Milliseconds(1000));
  const auto seen = describe_quorum(two);
  ASSERT_TRUE(seen.ok());
  EXPECT_EQ(seen.value().leader(), 2);
}

TEST_F(QuorumVerbs, AddLetsAnObserverVote) {
  observes(4, "0123456789abcdei");
  expect_each("quorum_add", [&](const Output& output) { return add(output, 4); });
  EXPECT_EQ(asked[Request::kAddVoter], 3);
}

TEST_F(QuorumVerbs, AddWaitsAndSaysHowManyEntriesAreLeft) {
  observes(4, "0123456789abcdei");
  script = [&](const Request& request) {
    if (!request.has_add_voter()) return;
    now += Milliseconds(800);
    const int asks = asked[Request::kAddVoter];
    given(Request::kAddVoter, asks >= 7 ? kDone
                                        : "quorum_change { state: GOING_ON step: 'controller 4 is "
                                          "being added' left: " +
                                              std::to_string(7000 - asks * 1000) + " }");
  };
  EXPECT_EQ(add(output(), 4), 0);
  EXPECT_EQ(err.str(),
            "controller 4 is being added, 4000 entries left, after 2.4 s\n"
            "controller 4 is being added, 1000 entries left, after 4.8 s\n");
  EXPECT_EQ(out.str(), "controller 4 votes; the voters are 1, 2, 3, 4: 1 of them may be lost\n");
}

TEST_F(QuorumVerbs, AddGoesOnWithTheNextLeaderWhereTheOutcomeIsUnknown) {
  observes(4, "0123456789abcdei");
  script = [&](const Request& request) {
    if (!request.has_add_voter()) return;
    if (asked[Request::kAddVoter] == 1) {
      given(Request::kAddVoter, "quorum_change { state: UNKNOWN }");
    } else {  // it had been done
      given(Request::kAddVoter, "error { code: 126 message: 'it votes already' }");
      *quorum().add_voters() = member(4, "0123456789abcdei", "voter");
    }
  };
  EXPECT_EQ(add(output(), 4), 0);
  EXPECT_EQ(asked[Request::kAddVoter], 2);
  EXPECT_NE(err.str().find("the active controller changed meanwhile"), std::string::npos);
  EXPECT_NE(out.str().find("controller 4 votes"), std::string::npos);
}

TEST_F(QuorumVerbs, AddOfOneThatVotesAlreadyExists) {
  expect_each("quorum_add_exists", [&](const Output& output) { return add(output, 3); });
  EXPECT_EQ(asked[Request::kAddVoter], 0);
  observes(3, "0123456789abcdek");
  EXPECT_EQ(add(output(), 3), code(ExitCode::kExists));
  EXPECT_NE(err.str().find("barnabas quorum replace 3"), std::string::npos);
}

TEST_F(QuorumVerbs, AddOfOneThatNobodyKnowsSaysHowToStartIt) {
  given(Request::kAddVoter,
        "error { code: 116 message: 'No controller 4 has introduced itself.' }");
  expect_each("quorum_add_unknown", [&](const Output& output) { return add(output, 4); });
  EXPECT_GE(now, Milliseconds(5000));  // it may just have been started
  EXPECT_LT(now, Milliseconds(6000));
}

TEST_F(QuorumVerbs, AddIsTimedOutWithWhatIsLeft) {
  observes(4, "0123456789abcdei");
  given(Request::kAddVoter,
        "quorum_change { state: GOING_ON step: 'controller 4 is being added' left: 12 }");
  script = [&](const Request& request) {
    if (request.has_add_voter()) now += Milliseconds(800);
  };
  EXPECT_EQ(add(output(), 4), code(ExitCode::kTimedOut));
  EXPECT_NE(err.str().find("controller 4 is being added, 12 entries left"), std::string::npos);
}

TEST_F(QuorumVerbs, RemoveTakesAVoteAway) {
  expect_each("quorum_remove", [&](const Output& output) { return remove(output, of(3)); });
}

TEST_F(QuorumVerbs, RemoveThatLeavesNoMajorityIsRefused) {
  given(Request::kRemoveVoter,
        "error { code: 44 message: 'Of the 2 that would be left 2 have to run, and only 1 is heard "
        "from; silent: controller 1.' }");
  EXPECT_EQ(remove(output(), of(3)), code(ExitCode::kPrecondition));
  EXPECT_NE(err.str().find("silent: controller 1."), std::string::npos);
  EXPECT_NE(err.str().find("start the controllers that are silent"), std::string::npos);
}

TEST_F(QuorumVerbs, RemoveOfOneThatDoesNotVoteIsNotFound) {
  expect_each("quorum_remove_unknown", [&](const Output& output) { return remove(output, of(9)); });
  EXPECT_EQ(asked[Request::kRemoveVoter], 0);
}

TEST_F(QuorumVerbs, TransferTakesWhoeverLacksTheLeast) {
  expect_each("quorum_transfer",
              [&](const Output& output) { return transfer(output, std::nullopt); });
  EXPECT_EQ(last.kind_case(), Request::kDescribeQuorum);
  EXPECT_EQ(quorum().leader(), 1);
}

TEST_F(QuorumVerbs, TransferToWhoeverLeadsIsDoneAlready) {
  EXPECT_EQ(transfer(output(), 2), 0);
  EXPECT_EQ(out.str(), "controller 2 leads already\n");
  EXPECT_EQ(asked[Request::kTransferLeadership], 0);
  EXPECT_EQ(transfer(output(), 9), code(ExitCode::kNotFound));
}

TEST_F(QuorumVerbs, TransferNeedsSomebodyWhoIsThere) {
  for (proto::VoterView& voter : *quorum().mutable_voters()) voter.set_since_contact_ms(9000);
  EXPECT_EQ(transfer(output(), std::nullopt), code(ExitCode::kPrecondition));
  given(Request::kTransferLeadership, "error { code: 7 message: 'It did not take over.' }");
  EXPECT_EQ(transfer(output(), 3), code(ExitCode::kTimedOut));
  EXPECT_NE(err.str().find("without --to somebody who is able is chosen"), std::string::npos);
}

TEST_F(QuorumVerbs, ReplaceAddsTheNewOneBeforeTheOldOneGoes) {
  quorum().mutable_voters(2)->set_since_contact_ms(20'000);
  observes(3, "0123456789abcdek");
  std::vector<std::string> steps;
  script = [&](const Request& request) {
    if (request.has_add_voter()) steps.push_back("add");
    if (!request.has_remove_voter()) return;
    EXPECT_EQ(request.remove_voter().directory(), "0123456789abcdeh");
    steps.push_back("remove");
  };
  expect_each("quorum_replace", [&](const Output& output) { return replace(output, 3); });
  EXPECT_EQ(steps, std::vector<std::string>({"add", "remove", "add", "remove", "add", "remove"}));
}

TEST_F(QuorumVerbs, ReplaceGoesOnWhereItWasInterrupted) {
  quorum().mutable_voters(2)->set_since_contact_ms(20'000);
  *quorum().add_voters() = member(3, "0123456789abcdek", "voter");
  EXPECT_EQ(replace(output(), 3), 0);
  EXPECT_EQ(asked[Request::kAddVoter], 0);
  ASSERT_EQ(quorum().voters_size(), 3);
  EXPECT_EQ(quorum().voters(2).directory(), "0123456789abcdek");
  // And once more there is nothing left to do.
  out.str("");
  EXPECT_EQ(replace(output(), 3), 0);
  EXPECT_EQ(
      out.str(),
      "controller 3 votes and is heard from: nothing to replace; the voters are 1, 2, 3: 1 of "
      "them may be lost\n");
}

TEST_F(QuorumVerbs, ReplaceDoesNotGuessWhichOfTwoIsGone) {
  *quorum().add_voters() = member(3, "0123456789abcdek", "voter");
  EXPECT_EQ(replace(output(), 3), code(ExitCode::kPrecondition));
  EXPECT_EQ(asked[Request::kRemoveVoter], 0);
}

TEST_F(QuorumVerbs, ReplaceNeedsSomebodyWhoCameBack) {
  quorum().mutable_voters(2)->set_since_contact_ms(20'000);
  expect_each("quorum_replace_nobody", [&](const Output& output) { return replace(output, 3); });
  EXPECT_EQ(asked[Request::kAddVoter] + asked[Request::kRemoveVoter], 0);
}

}  // namespace
}  // namespace barnabas::cli
