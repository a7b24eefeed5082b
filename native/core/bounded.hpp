// Floating-point numbers made safe to convert to whole ones.
#pragma once

#include <algorithm>

namespace selfsame {

// std::clamp, but `least` of NaN, which it would hand on: no whole number is that.
template <typename T>
constexpr T bounded(T value, T least, T most) {
    return std::min(std::max(least, value), most);
}

}  // namespace selfsame
