#include "cli/kafka_tools/exceptions.h"

#include <utility>

namespace barnabas::cli::kafka_tools {
namespace {

constexpr std::pair<int16_t, JavaException> kExceptions[] = {
    {1, {"OffsetOutOfRangeException", "the offset lies outside of what the partition holds"}},
    {3, {"UnknownTopicOrPartitionException", "This server does not host this topic-partition."}},
    {5, {"LeaderNotAvailableException", "the partition has no leader at the moment"}},
    {6, {"NotLeaderOrFollowerException", "the broker that was asked does not lead the partition"}},
    {7, {"TimeoutException", "The request timed out."}},
    {14, {"CoordinatorLoadInProgressException", "the group's coordinator is loading its state"}},
    {15, {"CoordinatorNotAvailableException", "The coordinator is not available."}},
    {16, {"NotCoordinatorException", "This is not the correct coordinator."}},
    {17, {"InvalidTopicException", "the topic's name or the request for it is not valid"}},
    {25, {"UnknownMemberIdException", "The coordinator is not aware of this member."}},
    {27, {"RebalanceInProgressException", "the group is rebalancing"}},
    {29, {"TopicAuthorizationException", "Topic authorization failed."}},
    {30, {"GroupAuthorizationException", "Group authorization failed."}},
    {31, {"ClusterAuthorizationException", "Cluster authorization failed."}},
    {35, {"UnsupportedVersionException", "The version of API is not supported."}},
    {36, {"TopicExistsException", "a topic of this name exists already"}},
    {37, {"InvalidPartitionsException", "the number of partitions is not possible"}},
    {38, {"InvalidReplicationFactorException", "the replication factor is not possible"}},
    {39, {"InvalidReplicaAssignmentException", "the replica assignment is not possible"}},
    {40, {"InvalidConfigurationException", "Configuration is invalid."}},
    {41, {"NotControllerException", "This is not the correct controller for this cluster."}},
    {42, {"InvalidRequestException", "the broker does not accept such a request"}},
    {44, {"PolicyViolationException", "a policy of the cluster or the topic forbids this"}},
    {68, {"GroupNotEmptyException", "The group is not empty."}},
    {69, {"GroupIdNotFoundException", "The group id does not exist."}},
    {73, {"TopicDeletionDisabledException", "Topic deletion is disabled."}},
    {80, {"PreferredLeaderNotAvailableException", "The preferred leader was not available."}},
    {83, {"EligibleLeadersNotAvailableException", "no eligible leader is available"}},
    {84, {"ElectionNotNeededException", "Leader election not needed for topic partition."}},
    {86, {"GroupSubscribedToTopicException", "a member of the group is subscribed to the topic"}},
};

}  // namespace

JavaException exception_of(int16_t code) {
  for (const auto& [known, exception] : kExceptions) {
    if (known == code) return exception;
  }
  return {"ApiException", ""};
}

}  // namespace barnabas::cli::kafka_tools
