#include "raft/wire.h"

#include <gtest/gtest.h>

#include "common/random.h"
#include "raft/describe.h"

namespace barnabas::raft {
namespace {

FrameHead a_head() {
  const auto random = seeded_random(1);
  return {"cluster",
          {ControllerId{1}, Uuid::make(*random)},
          {ControllerId{2}, Uuid::make(*random)},
          Term{7},
          3,
          99};
}

std::vector<Body> all_bodies() {
  const EntryId id{LogIndex{5}, Term{2}};
  return {
      PreVoteRequest{Term{8}, id},
      PreVoteReply{Term{8}, true, true},
      VoteRequest{id},
      VoteRequest{id, true},
      TimeoutNow{},
      VoteReply{true, false},
      AppendRequest{id,
                    LogIndex{4},
                    {{LogIndex{6}, Term{2}, Buffer::copy("x")}, {LogIndex{7}, Term{3}, Buffer()}}},
      AppendReply{false, LogIndex{1}, LogIndex{2}, id},
      Heartbeat{LogIndex{9}, 12},
      HeartbeatReply{12, LogIndex{8}},
      SnapshotOffer{id, 1000, 0xdeadbeef}};
}

Configuration a_configuration() {
  const auto random = seeded_random(8);
  return Configuration()
      .with({ControllerId{1}, Uuid::make(*random)}, {"one", 9093})
      .with({ControllerId{4}, Uuid()}, {"four", 9094});
}

TEST(Wire, EveryMessageComesBackAsItWas) {
  for (const Body& body : all_bodies()) {
    const auto frame = decode(encode(a_head(), body));
    ASSERT_TRUE(frame.ok()) << frame.status();
    EXPECT_EQ(frame->head.cluster_id, "cluster");
    EXPECT_EQ(frame->head.from, a_head().from);
    EXPECT_EQ(frame->head.boot, 3U);
    EXPECT_EQ(frame->head.request_id, 99U);
    const Message sent{a_head().from, a_head().to, Term{7}, 3, body};
    const Message got{frame->head.from, frame->head.to, frame->head.term, frame->head.boot,
                      std::get<Body>(frame->body)};
    EXPECT_EQ(describe(got), describe(sent));
  }
}

TEST(Wire, WhoVotesTravelsInEntriesOffersAndIntroductions) {
  const EntryId id{LogIndex{5}, Term{2}};
  const ConfigurationAt configuration{LogIndex{6}, a_configuration()};
  const Buffer payload = Buffer::own(encode_configuration(a_configuration()));
  const auto append = decode(encode(
      a_head(), Body(AppendRequest{id, LogIndex{4}, {{LogIndex{6}, Term{2}, payload, true}}})));
  ASSERT_TRUE(append.ok()) << append.status();
  const Entry& entry = std::get<AppendRequest>(std::get<Body>(append->body)).entries.at(0);
  EXPECT_EQ(entry.kind(), EntryKind::kConfiguration);
  EXPECT_EQ(*decode_configuration(entry.payload.view()), a_configuration());
  const auto offer =
      decode(encode(a_head(), Body(SnapshotOffer{id, 1000, 0xdeadbeef, configuration})));
  ASSERT_TRUE(offer.ok()) << offer.status();
  EXPECT_EQ(std::get<SnapshotOffer>(std::get<Body>(offer->body)).configuration, configuration);
  const Introduction sent{FormationState::kFormed, {"c", {}}, {"here", 9093}, configuration};
  const auto said = decode(encode(a_head(), FormationBody(sent)));
  ASSERT_TRUE(said.ok()) << said.status();
  const auto& got = std::get<Introduction>(std::get<FormationBody>(said->body));
  EXPECT_EQ(got.endpoint, sent.endpoint);
  EXPECT_EQ(got.configuration, configuration);
}

TEST(Wire, AnEntryThatShouldSayWhoVotesAndDoesNotIsRefused) {
  const EntryId id{LogIndex{5}, Term{2}};
  const auto append = decode(encode(
      a_head(),
      Body(AppendRequest{id, LogIndex{4}, {{LogIndex{6}, Term{2}, Buffer::copy("x"), true}}})));
  EXPECT_FALSE(append.ok());
}

TEST(Wire, TruncatedAndDamagedFramesAreRefusedOrReadButNeverCrash) {
  const auto random = seeded_random(2);
  for (const Body& body : all_bodies()) {
    const std::string whole = encode(a_head(), body);
    for (size_t size = 0; size < whole.size(); ++size) {
      (void)decode(std::string_view(whole).substr(0, size));
    }
    for (int round = 0; round < 500; ++round) {
      std::string damaged = whole;
      damaged[random->below(damaged.size())] = static_cast<char>(random->below(256));
      const auto frame = decode(damaged);
      if (!frame.ok()) continue;
      EXPECT_GE(frame->head.term, Term{0});
    }
  }
}

TEST(Wire, EntriesThatDoNotFollowEachOtherAreRefused) {
  const EntryId previous{LogIndex{5}, Term{2}};
  for (const Entry& wrong :
       {Entry{LogIndex{7}, Term{2}, Buffer()}, Entry{LogIndex{6}, Term{1}, Buffer()}}) {
    const auto frame = decode(encode(a_head(), Body(AppendRequest{previous, {}, {wrong}})));
    EXPECT_TRUE(absl::IsInvalidArgument(frame.status()));
  }
}

TEST(Wire, NegativeNumbersAreRefused) {
  EXPECT_FALSE(decode(encode(a_head(), Body(Heartbeat{LogIndex{-1}, 1}))).ok());
  FrameHead head = a_head();
  head.term = Term{-1};
  EXPECT_FALSE(decode(encode(head, Body(VoteReply{}))).ok());
}

}  // namespace
}  // namespace barnabas::raft
