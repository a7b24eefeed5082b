// SHA-256 (FIPS 180-4), by which files name the models that they were made with.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace selfsame::browser {

std::array<std::uint8_t, 32> sha256(std::vector<std::uint8_t> message);

}  // namespace selfsame::browser
