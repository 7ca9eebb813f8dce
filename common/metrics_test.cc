#include "common/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace barnabas {
namespace {

using testing::HasSubstr;

TEST(Exposition, ShowsCountersGaugesAndHistogramsInPrometheusText) {
  Histogram latency;
  latency.add(10);
  latency.add(15'000);
  latency.add(60'000'000);
  Exposition out;
  out.counter("requests_total", "Requests.", 3, {{"request", "Produce"}});
  out.gauge("partitions", "Partitions.", 7);
  out.histogram("latency_seconds", "Latency.", latency.snapshot(), 1e6);
  const std::string text = out.text();
  EXPECT_THAT(text, HasSubstr("# HELP requests_total Requests.\n# TYPE requests_total counter\n"
                              "requests_total{request=\"Produce\"} 3"));
  EXPECT_THAT(text, HasSubstr("# TYPE partitions gauge\npartitions 7"));
  EXPECT_THAT(text, HasSubstr("latency_seconds_bucket{le=\"0.02\"} 2"));
  EXPECT_THAT(text, HasSubstr("latency_seconds_bucket{le=\"1e-05\"} 1"));
  EXPECT_THAT(text, HasSubstr("latency_seconds_bucket{le=\"+Inf\"} 3"));
  EXPECT_THAT(text, HasSubstr("latency_seconds_count 3"));
}

TEST(Exposition, SamplesOfOneNameStandTogetherWhateverCameBetween) {
  Exposition out;
  out.gauge("a", "A.", 1, {{"p", "0"}});
  out.gauge("b", "B.", 2);
  out.gauge("a", "ignored", 3, {{"p", "1"}});
  EXPECT_EQ(out.text(),
            "# HELP a A.\n# TYPE a gauge\na{p=\"0\"} 1\na{p=\"1\"} 3\n"
            "# HELP b B.\n# TYPE b gauge\nb 2\n");
}

TEST(Exposition, LabelsThatClientsChooseCannotBreakTheFormat) {
  Exposition out;
  out.gauge("g", "G.", 1, {{"group", "a\"b\\c\nd"}});
  EXPECT_THAT(out.text(), HasSubstr("g{group=\"a\\\"b\\\\c\\nd\"} 1"));
}

TEST(ExpositionDeathTest, OneNameKeepsOneKind) {
  Exposition out;
  out.gauge("g", "G.", 1);
  EXPECT_DEATH(out.counter("g", "G.", 1), "two kinds");
}

TEST(Histogram, ABoundBelongsToTheBucketBelowIt) {
  Histogram histogram(kAmountBounds);
  histogram.add(2);
  histogram.add(3);
  const Histogram::Snapshot seen = histogram.snapshot();
  EXPECT_EQ(seen.counts[1], 1);
  EXPECT_EQ(seen.counts[2], 1);
  EXPECT_EQ(seen.count, 2);
  EXPECT_EQ(seen.sum, 5);
}

TEST(Histogram, QuantilesLieInTheBucketThatHoldsThem) {
  Histogram histogram;
  EXPECT_EQ(histogram.snapshot().quantile(0.5), 0);
  for (int i = 0; i < 99; ++i) histogram.add(150);
  histogram.add(40'000);
  const Histogram::Snapshot seen = histogram.snapshot();
  EXPECT_GT(seen.quantile(0.5), 100);
  EXPECT_LE(seen.quantile(0.5), 200);
  EXPECT_LE(seen.quantile(0.99), 200);
  EXPECT_GT(seen.quantile(0.999), 20'000);
  EXPECT_LE(seen.quantile(0.999), 50'000);
}

TEST(Histogram, ADifferenceShowsWhatCameInBetween) {
  Histogram histogram;
  histogram.add(10);
  const Histogram::Snapshot before = histogram.snapshot();
  histogram.add(1'000);
  const Histogram::Snapshot between = histogram.snapshot().since(before);
  EXPECT_EQ(between.count, 1);
  EXPECT_EQ(between.sum, 1'000);
  EXPECT_GT(between.quantile(0.5), 500);
}

TEST(RecentHistogram, ForgetsWhatIsOlderThanTwoWindowsAndKeepsWhatIsYoungerThanOne) {
  const Instant start{std::chrono::seconds(100)};
  const auto second = [&](int n) { return start + std::chrono::seconds(n); };
  RecentHistogram recent(std::chrono::seconds(10));
  Histogram histogram;
  histogram.add(1);
  EXPECT_EQ(recent.recent(histogram.snapshot(), second(0)).count, 1);
  histogram.add(2);
  EXPECT_EQ(recent.recent(histogram.snapshot(), second(10)).count, 1);  // the 2
  EXPECT_EQ(recent.recent(histogram.snapshot(), second(19)).count, 1);
  histogram.add(3);
  EXPECT_EQ(recent.recent(histogram.snapshot(), second(20)).count, 1);  // the 3
  EXPECT_EQ(recent.recent(histogram.snapshot(), second(30)).count, 0);
}

TEST(Histogram, NothingIsLostWhenThreadsCountAtOnce) {
  Histogram histogram;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) histogram.add(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(histogram.snapshot().count, 40'000);
  EXPECT_EQ(histogram.snapshot().sum, 4 * (9'999 * 10'000 / 2));
}

}  // namespace
}  // namespace barnabas
