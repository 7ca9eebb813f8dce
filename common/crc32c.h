// CRC-32C (Castagnoli), the checksum of record batches and of our own files. Computed with the
// processor's own instructions where it has them (ISA-L decides at run time).

#pragma once

#include <cstdint>
#include <string_view>

namespace barnabas {

uint32_t crc32c(std::string_view bytes);

// The checksum of a + b, given crc32c(a): crc32c_extend(crc32c(a), b). The checksum of nothing
// is 0.
uint32_t crc32c_extend(uint32_t crc, std::string_view bytes);

}  // namespace barnabas
