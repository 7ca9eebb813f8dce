#include "controller/metadata_feed.h"

#include <gtest/gtest.h>

#include "controller/testing/controller_fixture.h"

namespace barnabas::controller {
namespace {

class MetadataFeedTest : public ControllerTest {};

TEST_F(MetadataFeedTest, BrokersFollowFromASnapshotAndResumeWhereTheyStopped) {
  lead_with_brokers();
  FakeBroker& broker = *brokers_[1].broker;
  call(create("foo", 3, 3));
  run(milliseconds(10));
  EXPECT_EQ(broker.image().hash(), image().hash());
  const int before = broker.snapshots();
  network_.break_links("controller1", "broker1");
  call(create("bar", 3, 3));
  run(milliseconds(300));
  EXPECT_TRUE(broker.joined());
  EXPECT_EQ(broker.image().hash(), image().hash());
  EXPECT_EQ(broker.snapshots(), before);
  EXPECT_GT(broker.links(), 1);
}

TEST_F(MetadataFeedTest, S8_ABrokerAheadOfTheControllerIsToldNothingOld) {
  lead_with_brokers();
  MetadataFeed feed;
  feed.restart(LogIndex{10});
  feed.add(LogIndex{11}, Term{1}, "");
  feed.add(LogIndex{12}, Term{1}, "");
  struct CountingLink final : Link {
    void start(LinkSink&) override {}
    bool send(BufferChain) override { return ++sent % 3 != 0; }
    void mute(bool) override {}
    void close() override {}
    Endpoint local() const override { return {}; }
    Endpoint peer() const override { return {}; }
    int sent = 0;
  } link;
  const auto snapshot = [] {
    return FeedCursor::Snapshot{LogIndex{12}, Term{1},
                                std::make_shared<const std::string>(3 << 20, 'x')};
  };
  FeedCursor ahead(LogIndex{15});
  ahead.push(feed, link, snapshot);
  EXPECT_EQ(link.sent, 0);
  FeedCursor near(LogIndex{10});
  near.push(feed, link, snapshot);
  EXPECT_EQ(link.sent, 2);
  EXPECT_EQ(near.sent(), LogIndex{12});
  // A full link stops the stream until it has drained; then it goes on where it was.
  FeedCursor far(LogIndex{3});
  far.push(feed, link, snapshot);
  EXPECT_EQ(link.sent, 3);
  far.push(feed, link, snapshot);
  EXPECT_EQ(link.sent, 3);
  far.drained();
  far.push(feed, link, snapshot);
  EXPECT_EQ(link.sent, 5);
  EXPECT_EQ(far.sent(), LogIndex{12});
}

TEST_F(MetadataFeedTest, AnEntryIsSentAsItsMessage) {
  proto::Decision decision;
  decision.add_records()->mutable_feature_level()->set_name("metadata.version");
  MetadataFeed feed;
  feed.add(LogIndex{1}, Term{7}, decision.SerializeAsString());
  feed.add(LogIndex{2}, Term{8}, "");
  proto::ControllerMessage message;
  ASSERT_TRUE(message.ParseFromString(std::string(feed.entry(LogIndex{1}).view())));
  EXPECT_EQ(message.committed().index(), 1);
  EXPECT_EQ(message.committed().term(), 7);
  EXPECT_EQ(message.committed().decision().SerializeAsString(), decision.SerializeAsString());
  EXPECT_EQ(message.SerializeAsString(), feed.entry(LogIndex{1}).view());
  ASSERT_TRUE(message.ParseFromString(std::string(feed.entry(LogIndex{2}).view())));
  EXPECT_EQ(message.committed().term(), 8);
  EXPECT_FALSE(message.committed().has_decision());
}

}  // namespace
}  // namespace barnabas::controller
