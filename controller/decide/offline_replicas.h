// Replicas that serve no more although their broker does: damaged, or fenced by a broken invariant
// (S13). They leave both sets and every leadership; never does anybody uncleanly elected follow
// unless the topic allows it. The only replica of a partition keeps its place: nobody else could
// serve it, and its broker's next start may mend it.

#pragma once

#include "controller/decide/decided.h"
#include "controller/incarnation.h"
#include "metadata/image.h"
#include "proto/session.pb.h"

namespace barnabas::controller {

// Empty: nothing of what is named is news. Repeated in every heartbeat, so what does not fit the
// limit of one decision is decided by the next.
proto::Decision decide_offline_replicas(
    const metadata::Image& image, Incarnation who,
    const google::protobuf::RepeatedPtrField<proto::OfflineReplica>& replicas,
    const Limits& limits);

}  // namespace barnabas::controller
