// barnabas topic add-partitions.

#include <absl/strings/str_cat.h>

#include "cli/message_json.h"
#include "cli/tally.h"
#include "cli/verbs.h"

namespace barnabas::cli {

int topic_add_partitions(AdminClient& client, const Output& output,
                         const AddPartitionsOptions& options) {
  const std::string tried = absl::StrCat("add partitions to ", options.name);
  proto::AdminRequest look;
  look.mutable_describe_topics()->add_names(options.name);
  const auto found = client.call(std::move(look), tried);
  if (!found.ok()) return output.fail(found.problem());
  const auto& topics = found.value().describe_topics().topics();
  if (!topics.empty() && topics[0].error().code() != 0) {
    return output.fail(
        problem_of(topics[0].error().code(), topics[0].error().message(), tried, options.name));
  }
  const int32_t before = topics.empty() ? 0 : topics[0].partition_count();
  const int32_t total = options.total > 0 ? options.total : before + options.more;

  proto::AdminRequest request;
  auto& create = *request.mutable_create_partitions();
  create.set_validate_only(options.validate_only);
  create.add_topics()->set_name(options.name);
  create.mutable_topics(0)->set_count(total);
  const auto answer = client.call(std::move(request), tried);
  if (!answer.ok()) return output.fail(answer.problem());
  const auto& created = answer.value().create_partitions();
  if (output.data()) output.print_data(message_json(created), "topics");
  Tally tally(output);
  for (const proto::CreatedPartitions& topic : created.topics()) {
    if (topic.error().code() != 0) {
      tally.failed(problem_of(topic.error().code(), topic.error().message(), tried, options.name));
      continue;
    }
    tally.done();
    if (output.data() || output.quiet) continue;
    output.out << "topic " << topic.name() << (options.validate_only ? " could have " : " has ")
               << counted(total, "partition", "partitions") << ", before it had " << before << '\n';
    if (!options.validate_only) {
      output.note("records with a key go to another partition now than before");
    }
  }
  return tally.exit();
}

}  // namespace barnabas::cli
