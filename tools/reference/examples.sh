# The examples of docs/commands.md: a workspace from its first day on. examples.py runs this file and
# shows, below each command, the first line that has it. The other lines are what a shell would do.
newsletter init
newsletter config validate
newsletter config show
newsletter config schema
sed -i.bak 's/undo_window: 5m/undo_window: 0s/; s/poll: 5s/poll: 1s/' newsletter.yaml
sed -i.bak 's/^date: .*/date: 2024-09-10/' statements/example.md
sed -i.bak 's/# unsubscribe_inbox/unsubscribe_inbox/' newsletter.yaml
mkdir backups
echo 'backups: {folder: backups}' >> newsletter.yaml
echo 'segments: [{name: texas, list: press, place: "Austin, Texas"}]' >> newsletter.yaml
echo 'digests: [{name: weekly, title: The week, every: week, day: friday, at: "16:00", lists: [press]}]' >> newsletter.yaml
newsletter db migrate

newsletter user add writer@forum.example --role writer
newsletter user add ana@forum.example --role approver
newsletter user add cleo@forum.example --role admin
newsletter user invite ben@forum.example --role sender
newsletter user list
newsletter user reset ana@forum.example

newsletter subscribers import subscribers.yaml
newsletter subscribers imports
newsletter subscribers add dana@example.org --list press --name "Dana Fields" --language es
newsletter subscribers list
newsletter subscribers show dana@example.org
newsletter subscribers change-address dana@example.org dana@example.net
newsletter subscribers data dana@example.net
newsletter subscribers form --list press
newsletter subscribers export
newsletter segment list
newsletter source list
newsletter source poll
newsletter doctor

newsletter statement list
newsletter statement check example
newsletter preview example --out email
newsletter statement submit example --by writer@forum.example
newsletter send example --dry-run
newsletter send example --to ana@forum.example
newsletter statement approve example --by ana@forum.example
newsletter statement revoke example --by ana@forum.example
newsletter statement send-back example --by ana@forum.example --reason "Please name the branches."
newsletter statement approve example --by ana@forum.example --returned
newsletter statement show example
sed -i.bak 's/All twelve branches/All thirteen branches/' statements/example.md
newsletter statement diff example
sed -i.bak 's/All thirteen branches/All twelve branches/' statements/example.md
newsletter statement schedule example --at "2024-09-12 09:00"
newsletter statement unschedule example
newsletter statement start example --by cleo@forum.example --count 3
newsletter statement undo example --by cleo@forum.example

newsletter digest list
newsletter statement start example --by cleo@forum.example --at "2024-09-12 09:00"
sed 's/^title: .*/title: Open on Sundays/' statements/example.md > statements/sundays.md
newsletter statement approve sundays --by ana@forum.example
newsletter statement start sundays --by cleo@forum.example --at "2024-09-13 09:00"
newsletter run --until-idle
newsletter campaign list
newsletter cancel sundays
newsletter pause example
newsletter resume example
newsletter statement undo example --by cleo@forum.example
newsletter statement unschedule example
newsletter statement start example --by cleo@forum.example
newsletter stop --by cleo@forum.example --reason "The figure in line three is wrong."
newsletter resume-sending --by cleo@forum.example
newsletter worker --until-idle
newsletter report example
newsletter resolve example --sent
newsletter campaign return example
newsletter campaign reopen example
newsletter digest show weekly
newsletter digest make weekly
newsletter digest drop weekly-2024-09-10
newsletter statement annotate example "The council has confirmed the hours."
newsletter statement new "Sunday opening" --author writer@forum.example
echo '<h1>Library survey</h1><p>Four thousand people answered.</p>' > survey.html
newsletter statement import survey.html

sed -n 's/.*mailto:leave@forum.example?subject=\([^>]*\)>.*/Subject: \1/p' var/outbox/2.*.eml > reply.eml
newsletter subscribers receive-email reply.eml
newsletter subscribers suppress bashir@example.net
newsletter subscribers lift bashir@example.net --reason "He asked for it by telephone."
newsletter subscribers unsubscribe ana@example.org --list press
newsletter subscribers forget dana@example.net --yes
newsletter subscribers undo-import 1
newsletter user disable ana@forum.example

newsletter backup
newsletter db backup before.db
newsletter db verify-backup before.db
newsletter db copy --to sqlite:///copy.db
newsletter db restore before.db
newsletter db release --by cleo@forum.example
newsletter db rekey
newsletter audit show
newsletter audit verify
newsletter demo --no-serve
newsletter scheduler
newsletter healthcheck
newsletter serve --port 0
