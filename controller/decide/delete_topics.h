// Topics go, by name or by id, each by itself.

#pragma once

#include "controller/decide/decided.h"
#include "metadata/image.h"

namespace barnabas::controller {

Decided<proto::DeleteTopicsAnswer> decide_delete_topics(const metadata::Image& image,
                                                        const proto::DeleteTopicsRequest& command,
                                                        const Limits& limits);

}  // namespace barnabas::controller
