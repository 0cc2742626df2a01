import java.io.DataInputStream;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jdk.jshell.EvalException;
import jdk.jshell.JShell;
import jdk.jshell.JShellException;
import jdk.jshell.Snippet;
import jdk.jshell.Snippet.SubKind;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis;

/**
 * Runs Java snippets in this process, so that what they print is what it prints.
 *
 * <p>Usage: java JavaRunner.java REQUESTS ANSWERS, two inherited file descriptors.
 */
public final class JavaRunner {
    private static final Set<SubKind> VALUES = Set.of(
        SubKind.VAR_VALUE_SUBKIND, SubKind.TEMP_VAR_EXPRESSION_SUBKIND, SubKind.OTHER_EXPRESSION_SUBKIND);
    private static final List<String> IMPORTS = List.of(
        "java.io", "java.math", "java.net", "java.nio.file", "java.time", "java.util", "java.util.concurrent",
        "java.util.function", "java.util.regex", "java.util.stream");

    private final JShell shell = JShell.builder().executionEngine("local").build();
    private final OutputStream answers;
    private volatile boolean stopped;
    private Thread run;

    private JavaRunner(OutputStream answers) {
        this.answers = answers;
        IMPORTS.forEach(name -> shell.eval("import " + name + ".*;"));
    }

    public static void main(String[] arguments) throws Exception {
        try (DataInputStream requests = new DataInputStream(new FileInputStream("/dev/fd/" + arguments[0]));
                OutputStream answers = new FileOutputStream("/dev/fd/" + arguments[1])) {
            new JavaRunner(answers).serve(requests);
        }
        System.exit(0);
    }

    private void serve(DataInputStream requests) throws Exception {
        send("\"type\":\"ready\"");
        for (String line = readLine(requests); !line.isEmpty(); line = readLine(requests)) {
            String[] words = line.split(" ");
            if (words[0].equals("interrupt")) {
                stopped = true;
                shell.stop();
                continue;
            }
            if (run != null) {
                run.join();
            }
            String code = new String(requests.readNBytes(Integer.parseInt(words[1])), StandardCharsets.UTF_8);
            stopped = false;
            run = new Thread(() -> finish(evaluate(code)));
            run.start();
        }
    }

    /** Evaluates snippet after snippet and gives the failure, as JSON. */
    private String evaluate(String code) {
        SourceCodeAnalysis analysis = shell.sourceCodeAnalysis();
        String value = null;
        for (String rest = code; !rest.isBlank() && !stopped; ) {
            SourceCodeAnalysis.CompletionInfo next = analysis.analyzeCompletion(rest);
            String source = next.completeness() == SourceCodeAnalysis.Completeness.EMPTY ? "" : next.source();
            if (source == null || source.isEmpty() && !next.remaining().isBlank()) {
                source = rest; // not complete: the compiler says what is missing
            }
            rest = source.equals(rest) ? "" : next.remaining();
            value = null;
            for (SnippetEvent event : shell.eval(source)) {
                String failure = failure(event);
                if (failure != null) {
                    return failure;
                }
                if (event.causeSnippet() == null && VALUES.contains(event.snippet().subKind())) {
                    value = event.value();
                }
            }
        }
        if (value != null && !value.isEmpty()) {
            send("\"type\":\"result\",\"main\":true,\"data\":{\"text/plain\":" + quote(value) + "}");
        }
        return stopped ? error("Interrupted", "the run was stopped", "") : "null";
    }

    private String failure(SnippetEvent event) {
        JShellException exception = event.exception();
        if (exception instanceof EvalException thrown) {
            return error(thrown.getExceptionClassName(), String.valueOf(thrown.getMessage()), trace(thrown));
        }
        if (exception != null) {
            return error(exception.getClass().getSimpleName(), String.valueOf(exception.getMessage()), "");
        }
        if (event.status() != Snippet.Status.REJECTED) {
            return null;
        }
        String messages = shell.diagnostics(event.snippet())
            .map(diagnostic -> diagnostic.getMessage(Locale.ENGLISH))
            .collect(Collectors.joining("\n"));
        return error("CompileError", messages, event.snippet().source());
    }

    private static String trace(EvalException thrown) {
        return thrown.getExceptionClassName() + ": " + thrown.getMessage() + "\n"
            + Stream.of(thrown.getStackTrace()).map(frame -> "\tat " + frame).collect(Collectors.joining("\n"));
    }

    private static String error(String name, String value, String trace) {
        String lines = trace.isEmpty() ? "" : trace.lines().map(JavaRunner::quote).collect(Collectors.joining(","));
        return "{\"name\":" + quote(name) + ",\"value\":" + quote(value) + ",\"traceback\":[" + lines + "]}";
    }

    private void finish(String error) {
        System.out.flush();
        System.err.flush();
        send("\"type\":\"done\",\"error\":" + error);
    }

    private synchronized void send(String members) {
        try {
            answers.write(("{" + members + "}\n").getBytes(StandardCharsets.UTF_8));
            answers.flush();
        } catch (IOException e) {
            System.exit(1); // nobody listens any more
        }
    }

    private static String readLine(DataInputStream requests) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = requests.read(); c >= 0 && c != '\n'; c = requests.read()) {
            line.append((char) c);
        }
        return line.toString();
    }

    private static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\' || c < ' ') {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }
}
