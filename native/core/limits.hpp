// Limits that hold for every family; see selfsame/limits.py.
#pragma once

#include <cstdint>

namespace selfsame {

inline constexpr int kMaxSide = 65535;
inline constexpr std::int64_t kMaxPixels = std::int64_t(1) << 27;

}  // namespace selfsame
