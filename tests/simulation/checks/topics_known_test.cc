#include "tests/simulation/checks/topics_known.h"

#include <gtest/gtest.h>

#include "proto/metadata.pb.h"

namespace barnabas::simulation {
namespace {

metadata::Image image_with(const std::string& name, char id) {
  proto::Image image;
  image.set_index(1);
  proto::Topic& topic = *image.add_records()->mutable_topic();
  topic.set_name(name);
  topic.set_id(std::string(16, id));
  return metadata::Image::from_proto(image);
}

Uuid uuid(char id) { return *Uuid::from_bytes(std::string(16, id)); }

TEST(TopicsKnown, AcceptsWhatWasToldAndEitherWhileTheAnswerIsOut) {
  Findings findings;
  TopicsKnown topics(findings);
  topics.created("a", uuid('1'));
  topics.creating("b");
  topics.judge("b1", image_with("a", '1'));
  topics.deleting("a");
  topics.judge("b1", image_with("a", '1'));
  topics.deleted("a");
  topics.judge("b1", metadata::Image());
  EXPECT_FALSE(findings.any());
}

TEST(TopicsKnown, ReportsATopicThatIsMissing) {
  Findings findings;
  TopicsKnown topics(findings);
  topics.created("a", uuid('1'));
  topics.judge("b1", metadata::Image());
  EXPECT_NE(findings.text().find("is missing"), std::string::npos);
}

TEST(TopicsKnown, ReportsATopicUnderAnotherId) {
  Findings findings;
  TopicsKnown topics(findings);
  topics.created("a", uuid('1'));
  topics.judge("b1", image_with("a", '2'));
  EXPECT_NE(findings.text().find("another"), std::string::npos);
}

TEST(TopicsKnown, ReportsATopicThatOutlivesItsDeletion) {
  Findings findings;
  TopicsKnown topics(findings);
  topics.created("a", uuid('1'));
  topics.deleted("a");
  topics.judge("b1", image_with("a", '1'));
  EXPECT_NE(findings.text().find("is there"), std::string::npos);
}

}  // namespace
}  // namespace barnabas::simulation
