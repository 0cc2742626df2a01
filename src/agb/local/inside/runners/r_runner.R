# Runs R code; base R only.
#
# Usage: Rscript r_runner.R REQUESTS ANSWERS, two inherited file descriptors.

local({
  arguments <- commandArgs(trailingOnly = TRUE)
  requests <- file(paste0("/dev/fd/", arguments[1]), "rb", raw = TRUE)
  answers <- file(paste0("/dev/fd/", arguments[2]), "wb", raw = TRUE)

  quoted <- function(text) {
    text <- enc2utf8(paste(text, collapse = "\n"))
    text <- gsub("\\", "\\\\", text, fixed = TRUE)
    text <- gsub("\"", "\\\"", text, fixed = TRUE)
    text <- gsub("\n", "\\n", text, fixed = TRUE)
    for (code in setdiff(1:31, 10)) {
      text <- gsub(intToUtf8(code), sprintf("\\u%04x", code), text, fixed = TRUE)
    }
    paste0("\"", text, "\"")
  }

  send <- function(...) {
    writeBin(charToRaw(paste0("{", paste0(...), "}\n")), answers)
    flush(answers)
  }

  failure <- function(name, condition) {
    call <- deparse(conditionCall(condition))
    ours <- c("NULL", "eval(expressions[[i]], globalenv())", "parse(text = code, keep.source = FALSE)")
    trace <- if (call[1] %in% ours) "" else quoted(call)
    paste0("{\"name\":", quoted(name), ",\"value\":", quoted(conditionMessage(condition)),
           ",\"traceback\":[", trace, "]}")
  }

  # Prints every visible value, as a script typed in would, but gives back that of the last.
  evaluate <- function(code) {
    expressions <- parse(text = code, keep.source = FALSE)
    for (i in seq_along(expressions)) {
      outcome <- withVisible(eval(expressions[[i]], globalenv()))
      if (!outcome$visible) next
      if (i < length(expressions)) {
        print(outcome$value)
      } else {
        send("\"type\":\"result\",\"main\":true,\"data\":{\"text/plain\":",
             quoted(utils::capture.output(print(outcome$value))), "}")
      }
    }
    "null"
  }

  run <- function(code) {
    tryCatch(
      withCallingHandlers(evaluate(code), warning = function(w) {
        cat("Warning message:\n", conditionMessage(w), "\n", sep = "", file = stderr())
        invokeRestart("muffleWarning")
      }),
      error = function(e) failure(class(e)[1], e),
      interrupt = function(i) "{\"name\":\"Interrupted\",\"value\":\"the run was stopped\",\"traceback\":[]}"
    )
  }

  send("\"type\":\"ready\"")
  repeat {
    # An interrupt that comes too late finds nothing to stop.
    head <- tryCatch(readLines(requests, 1), interrupt = function(i) NA)
    if (length(head) == 0) break
    if (is.na(head)) next
    size <- as.integer(strsplit(head, " ")[[1]][2])
    code <- rawToChar(readBin(requests, "raw", size))
    Encoding(code) <- "UTF-8"
    error <- run(code)
    flush(stdout())
    send("\"type\":\"done\",\"error\":", error)
  }
})
