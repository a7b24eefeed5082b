// How codes name the model that they were made with: by a fingerprint and, for people, a name.
#pragma once

#include <algorithm>
#include <string_view>
#include <tuple>

#include "browser/files/container.hpp"
#include "core/fail.hpp"

namespace selfsame::browser {

inline constexpr std::uint32_t kMaxName = 32;
inline constexpr std::size_t kFingerprintBytes = 8;

// Read a fingerprint and a name of so many letters.
inline std::tuple<Bytes, std::string_view> read_model_name(Numbers& numbers, std::uint32_t length) {
    if (length > kMaxName) {
        fail(Fault::kCorrupted, "a model's name has at most ", kMaxName, " bytes: got ", length);
    }
    const Bytes fingerprint = numbers.take(kFingerprintBytes), name = numbers.take(length);
    return {fingerprint, {reinterpret_cast<const char*>(name.data()), name.size()}};
}

// Refuse letters that no model has in its name; `what` names the code.
inline void check_model_name(std::string_view name, const char* what) {
    constexpr auto is_in_name = [](char c) {
        return ('A' <= c && c <= 'Z') || ('a' <= c && c <= 'z') || ('0' <= c && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    };
    if (name.empty() || !std::ranges::all_of(name, is_in_name)) {
        fail(Fault::kCorrupted, "the file holds an impossible ", what, ": a model's name is 1 to ", kMaxName,
             " letters, digits, dots, dashes or underscores");
    }
}

}  // namespace selfsame::browser
