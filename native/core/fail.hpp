// How functions end that cannot go on: a file that is damaged or claims too much, an argument out of its
// range, no more memory. What is a fault of this library itself ends in `out_of_bounds`.
#pragma once

#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>

namespace selfsame {

// The named errors of docs/file-format.md, an unusable argument, and memory that is not there.
enum class Fault : int { kTruncated, kCorrupted, kUnsupported, kLimit, kInput, kMemory };

// End the work. Each build says how: Python's throws a Failure, the browser's leaves fault and words where the
// page finds them, and traps.
[[noreturn]] void raise(Fault fault, const std::string& words);

class Failure : public std::runtime_error {
public:
    Failure(Fault fault, const std::string& words) : std::runtime_error(words), fault(fault) {}

    Fault fault;
};

inline void append(std::string& words, std::string_view part) { words += part; }
void append(std::string& words, std::integral auto number) { words += std::to_string(number); }

// The same with words put together from texts and whole numbers.
template <typename... Parts>
[[noreturn]] void fail(Fault fault, const Parts&... parts) {
    std::string words;
    (append(words, parts), ...);
    raise(fault, words);
}

}  // namespace selfsame
