package stillframe;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What bench/plan.py writes: one flat JSON object, no string in it with a quote or a backslash. */
final class Plan {
    private static final Pattern MEMBER = Pattern.compile("\"(\\w+)\": (?:\"([^\"]*)\"|([^,}]+))");
    private final Map<String, String> members = new HashMap<>();

    static Plan parse(String json) {
        Plan plan = new Plan();
        Matcher found = MEMBER.matcher(json);
        while (found.find()) {
            plan.members.put(found.group(1), found.group(2) == null ? found.group(3) : found.group(2));
        }
        return plan;
    }

    String text(String name) {
        return members.get(name);
    }

    int whole(String name) {
        return Integer.parseInt(members.get(name));
    }

    double number(String name) {
        return Double.parseDouble(members.get(name));
    }
}
